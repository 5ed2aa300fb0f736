/*
 * Archives in folders.
 *
 * A writer's file is called `.NAME.partrun-XXXXXX` until it is whole. The writer holds a lock on it, so that what a killed
 * run left behind is known by nobody holding one.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/store.h"
#include "base/hash.h"

enum {
    READ_BYTES = 256 * 1024,
    FLUSH_BYTES = 8 * 1024 * 1024, /* written back early, so that the end has little to wait for */
    FILE_MODE = 0640,              /* and the umask */
    FOLDER_MODE = 0750,
    LONGEST_NAME = 255, /* NAME_MAX */
    SUFFIX = 6,
    ATTEMPTS = 100,
};

static const char infix[] = ".partrun-";

typedef struct file_store {
    prt_store store;
    prt_store_options options;
} file_store;

typedef struct file_writer {
    prt_writer writer;
    prt_arena *arena;
    const char *path, *folder, *temporary;
    int folder_fd, fd;
    off_t length, flushed;
} file_writer;

typedef struct file_reader {
    prt_reader reader;
    volatile sig_atomic_t *interrupt;
    prt_arena *arena;
    const char *path;
    int fd;
    char buffer[READ_BYTES];
} file_reader;

static bool
fail_errno(int why, const char *what, const char *path, prt_error *err)
{
    prt_fail(err, PRT_ERR_IO, "cannot %s %s: %s", what, path, strerror(why));
    switch (why) {
    case ENOSPC:
    case EDQUOT:
        return prt_fail_hint(err, "free some space there, or archive to another address");
    case EFBIG:
        return prt_fail_hint(err, "raise the limit on the size of files (ulimit -f), or choose a compressed format");
    case EACCES:
    case EPERM:
    case EROFS:
        return prt_fail_hint(err, "let the user that partrun runs as write to that folder");
    case ENOTDIR:
    case EISDIR:
        return prt_fail_hint(err, "the address names a file: file:///folder/name.csv.zst");
    case ENAMETOOLONG:
        return prt_fail_hint(err,
                             "a name may have 255 bytes, that of the manifest included (the name and .manifest.json)");
    default:
        return false;
    }
}

static bool
fail_exists(const char *path, prt_error *err)
{
    prt_fail(err, PRT_ERR_FAILED, "%s exists already", path);
    return prt_fail_hint(err, "partrun never replaces a file: choose another address, or move that file away");
}

static bool
interrupted(const volatile sig_atomic_t *flag)
{
    return flag != NULL && *flag != 0;
}

/* The folder of a path, and the name in it. */
static const char *
split(prt_arena *arena, const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    *name = slash + 1;
    return slash == path ? "/" : prt_arena_strndup(arena, path, (size_t) (slash - path));
}

static bool
sync_folder(const char *folder, prt_error *err)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    int why = errno;
    if (fd >= 0)
        close(fd);
    /* Some file systems have nothing to flush in a folder, and say so. */
    return ok || why == EINVAL || fail_errno(why, "flush", folder, err);
}

/* Makes the folder and those above it, each lasting before something is put into it. */
static bool
make_folder(prt_arena *arena, const char *folder, prt_error *err)
{
    struct stat info;
    if (stat(folder, &info) == 0)
        return S_ISDIR(info.st_mode) || fail_errno(ENOTDIR, "write to", folder, err);
    if (errno != ENOENT)
        return fail_errno(errno, "write to", folder, err);
    const char *name, *above = split(arena, folder, &name);
    if (!make_folder(arena, above, err))
        return false;
    if (name[0] == '\0') /* two slashes */
        return true;
    if (mkdir(folder, FOLDER_MODE) != 0 && errno != EEXIST)
        return fail_errno(errno, "make the folder", folder, err);
    return sync_folder(above, err);
}

/* ".NAME.partrun-", of a name that leaves too little room for that, a part and a hash of the whole. */
static const char *
prefix_of(prt_arena *arena, const char *name)
{
    if (strlen(name) + sizeof infix + SUFFIX <= LONGEST_NAME)
        return prt_arena_printf(arena, ".%s%s", name, infix);
    return prt_arena_printf(arena, ".%.200s-%016llx%s", name, (unsigned long long) prt_hash_str(PRT_HASH_INIT, name),
                            infix);
}

/* Removes what killed runs left of this very name. A file that its writer still holds is left alone. */
static void
sweep(int folder, const char *prefix)
{
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = copy < 0 ? NULL : fdopendir(copy);
    if (list == NULL) {
        if (copy >= 0)
            close(copy);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(list)) != NULL;) {
        size_t length = strlen(prefix);
        if (strncmp(entry->d_name, prefix, length) != 0 || strlen(entry->d_name) != length + SUFFIX)
            continue;
        int fd = openat(folder, entry->d_name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            continue;
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            unlinkat(folder, entry->d_name, 0);
        close(fd);
    }
    closedir(list);
}

/* Opens a new file with such a name, locked. */
static bool
open_temporary(file_writer *w, const char *prefix, prt_error *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345"; /* 32 */
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        unsigned char random[SUFFIX];
        char suffix[SUFFIX + 1] = {0};
        if (getrandom(random, sizeof random, 0) != sizeof random)
            return fail_errno(errno, "make a name beside", w->path, err);
        for (int i = 0; i < SUFFIX; i++)
            suffix[i] = letters[random[i] % 32];
        w->temporary = prt_arena_printf(w->arena, "%s%s", prefix, suffix);
        w->fd = openat(w->folder_fd, w->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
        /* Without locks (some network file systems) only the sweep of leftovers is less careful. */
        if (w->fd >= 0 && flock(w->fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        if (w->fd >= 0 && errno != EWOULDBLOCK)
            return true;
        if (w->fd >= 0) /* swept away between its making and its lock */
            close(w->fd);
        else if (errno != EEXIST)
            return fail_errno(errno, "write to", w->folder, err);
        w->fd = -1;
    }
    return fail_errno(EEXIST, "make a file beside", w->path, err);
}

static void
free_writer(file_writer *w)
{
    if (w->fd >= 0)
        close(w->fd);
    if (w->folder_fd >= 0)
        close(w->folder_fd);
    prt_arena_free(w->arena);
    free(w);
}

static void
file_abort(prt_writer *writer)
{
    file_writer *w = (file_writer *) writer;
    if (w->fd >= 0)
        unlinkat(w->folder_fd, w->temporary, 0);
    free_writer(w);
}

static bool
file_write(prt_writer *writer, const void *bytes, size_t length, prt_error *err)
{
    file_writer *w = (file_writer *) writer;
    for (const char *from = bytes; length > 0;) {
        ssize_t n = write(w->fd, from, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(errno, "write", w->path, err);
        from += n;
        length -= (size_t) n;
        w->length += n;
    }
    if (w->length - w->flushed >= FLUSH_BYTES) {
        sync_file_range(w->fd, w->flushed, w->length - w->flushed, SYNC_FILE_RANGE_WRITE);
        w->flushed = w->length;
    }
    return true;
}

/* Gives the file its name, unless there is one of that name. */
static int
publish(const file_writer *w, const char *name)
{
    if (renameat2(w->folder_fd, w->temporary, w->folder_fd, name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return errno;
    /* The file system has no such rename; a link never replaces either. */
    if (linkat(w->folder_fd, w->temporary, w->folder_fd, name, 0) != 0)
        return errno;
    unlinkat(w->folder_fd, w->temporary, 0);
    return 0;
}

static bool
file_finish(prt_writer *writer, prt_error *err)
{
    file_writer *w = (file_writer *) writer;
    const char *name = strrchr(w->path, '/') + 1;
    int why = fsync(w->fd) == 0 ? 0 : errno;
    if (why != 0) {
        fail_errno(why, "flush", w->path, err);
        file_abort(writer);
        return false;
    }
    /* What is verified is then read from the disk, not from memory. */
    posix_fadvise(w->fd, 0, 0, POSIX_FADV_DONTNEED);
    why = publish(w, name);
    if (why != 0) {
        if (why == EEXIST)
            fail_exists(w->path, err);
        else
            fail_errno(why, "write", w->path, err);
        file_abort(writer);
        return false;
    }
    bool ok = sync_folder(w->folder, err);
    free_writer(w);
    return ok;
}

static bool
check_free(const char *path, prt_error *err)
{
    struct stat info;
    if (lstat(path, &info) == 0)
        return S_ISDIR(info.st_mode) ? fail_errno(EISDIR, "write", path, err) : fail_exists(path, err);
    return errno == ENOENT || fail_errno(errno, "write", path, err);
}

static bool
file_put(prt_store *store, const char *url, prt_writer **out, prt_error *err)
{
    (void) store;
    file_writer *w = calloc(1, sizeof *w);
    *out = NULL;
    if (w == NULL)
        return prt_fail(err, PRT_ERR_FAILED, "out of memory");
    *w = (file_writer) {
        .writer = {file_write, file_finish, file_abort}, .arena = prt_arena_new(), .folder_fd = -1, .fd = -1};
    const char *name;
    bool ok = prt_url_file(w->arena, url, &w->path, err);
    if (ok) {
        w->folder = split(w->arena, w->path, &name);
        ok = make_folder(w->arena, w->folder, err) && check_free(w->path, err);
    }
    if (ok) {
        w->folder_fd = open(w->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        ok = w->folder_fd >= 0 || fail_errno(errno, "write to", w->folder, err);
    }
    if (ok) {
        const char *prefix = prefix_of(w->arena, name);
        sweep(w->folder_fd, prefix);
        ok = open_temporary(w, prefix, err);
    }
    if (ok)
        *out = &w->writer;
    else
        free_writer(w);
    return ok;
}

static bool
file_read(prt_reader *reader, const char **bytes, size_t *length, prt_error *err)
{
    file_reader *r = (file_reader *) reader;
    ssize_t n;
    if (interrupted(r->interrupt))
        return prt_fail(err, PRT_ERR_INTERRUPTED, "interrupted");
    do
        n = read(r->fd, r->buffer, sizeof r->buffer);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return fail_errno(errno, "read", r->path, err);
    *bytes = r->buffer;
    *length = (size_t) n;
    return true;
}

static void
file_reader_close(prt_reader *reader)
{
    file_reader *r = (file_reader *) reader;
    if (r->fd >= 0)
        close(r->fd);
    prt_arena_free(r->arena);
    free(r);
}

static bool
file_get(prt_store *store, const char *url, prt_reader **out, prt_error *err)
{
    file_reader *r = calloc(1, sizeof *r);
    *out = NULL;
    if (r == NULL)
        return prt_fail(err, PRT_ERR_FAILED, "out of memory");
    r->reader = (prt_reader) {file_read, file_reader_close};
    r->arena = prt_arena_new();
    r->interrupt = ((file_store *) store)->options.interrupt;
    r->fd = -1;
    bool ok = prt_url_file(r->arena, url, &r->path, err);
    if (ok) {
        r->fd = open(r->path, O_RDONLY | O_CLOEXEC);
        ok = r->fd >= 0 || fail_errno(errno, "read", r->path, err);
    }
    if (!ok) {
        file_reader_close(&r->reader);
        return false;
    }
    posix_fadvise(r->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    *out = &r->reader;
    return true;
}

static bool
file_stat(prt_store *store, const char *url, prt_object *out, prt_error *err)
{
    (void) store;
    prt_arena *scratch = prt_arena_new();
    const char *path;
    struct stat info;
    *out = (prt_object) {0};
    bool ok = prt_url_file(scratch, url, &path, err);
    if (ok && stat(path, &info) == 0) {
        ok = S_ISREG(info.st_mode) ||
             (S_ISDIR(info.st_mode) ? fail_errno(EISDIR, "use", path, err)
                                    : prt_fail(err, PRT_ERR_IO, "%s is no regular file", path));
        *out = (prt_object) {.found = ok, .bytes = info.st_size};
    } else if (ok)
        ok = errno == ENOENT || fail_errno(errno, "look for", path, err);
    prt_arena_free(scratch);
    return ok;
}

static bool
file_remove(prt_store *store, const char *url, prt_error *err)
{
    (void) store;
    prt_arena *scratch = prt_arena_new();
    const char *path, *name;
    bool ok = prt_url_file(scratch, url, &path, err);
    if (ok && unlink(path) == 0)
        ok = sync_folder(split(scratch, path, &name), err);
    else if (ok)
        ok = errno == ENOENT || fail_errno(errno, "remove", path, err);
    prt_arena_free(scratch);
    return ok;
}

static void
file_close(prt_store *store)
{
    free(store);
}

bool
prt_store_file(const prt_store_options *options, prt_store **out, prt_error *err)
{
    file_store *f = calloc(1, sizeof *f);
    *out = NULL;
    if (f == NULL)
        return prt_fail(err, PRT_ERR_FAILED, "out of memory");
    f->store = (prt_store) {file_put, file_get, file_stat, file_remove, file_close};
    f->options = *options;
    *out = &f->store;
    return true;
}
