#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGEST_FILE = 64 << 20 };

static bool
read_stream(prt_arena *arena, FILE *file, const char *path, char **bytes, size_t *length, prt_error *err)
{
    struct stat st;
    if (fstat(fileno(file), &st) != 0)
        return prt_fail(err, PRT_ERR_IO, "cannot read %s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return prt_fail(err, PRT_ERR_IO, "cannot read %s: it is not a regular file", path);
    if (st.st_size > LARGEST_FILE)
        return prt_fail(err, PRT_ERR_IO, "cannot read %s: it is larger than 64 MiB", path);
    *bytes = prt_arena_alloc(arena, (size_t) st.st_size + 1);
    *length = fread(*bytes, 1, (size_t) st.st_size, file);
    if (ferror(file))
        return prt_fail(err, PRT_ERR_IO, "cannot read %s: %s", path, strerror(errno));
    return true;
}

bool
prt_file_read(prt_arena *arena, const char *path, char **bytes, size_t *length, prt_error *err)
{
    /* Without O_NONBLOCK, opening a FIFO would wait for a writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    if (file == NULL) {
        prt_fail(err, PRT_ERR_IO, "cannot open %s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    bool ok = read_stream(arena, file, path, bytes, length, err);
    fclose(file);
    return ok;
}

static bool
is_zone_name(const char *name)
{
    size_t allowed = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/");
    return name[0] != '\0' && name[0] != '/' && name[allowed] == '\0';
}

bool
prt_tzdata_read(prt_arena *arena, const char *zone, char **bytes, size_t *length, prt_error *err)
{
    const char *dir = getenv("TZDIR");
    if (dir == NULL || dir[0] == '\0')
        dir = "/usr/share/zoneinfo";
    prt_error cause = {0};
    if (is_zone_name(zone) && prt_file_read(arena, prt_arena_printf(arena, "%s/%s", dir, zone), bytes, length, &cause))
        return true;
    prt_fail(err, PRT_ERR_VALUE, "unknown time zone \"%s\"", zone);
    return prt_fail_hint(err, "use an IANA name such as Europe/Paris; zones are read from %s (package tzdata)", dir);
}
