#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/loader.h"

static bool
ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);
    return a > b && strcmp(text + a - b, end) == 0;
}

static bool
is_policy_file(const char *name)
{
    return name[0] != '.' && ends_with(name, ".lua") && !ends_with(name, "_spec.lua");
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

bool
prt_loader_folder(prt_arena *arena, const char *folder, const char ***paths, size_t *length, prt_error *err)
{
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return prt_fail(err, PRT_ERR_IO, "cannot read the folder %s: %s", folder, strerror(errno));
    PRT_VEC(const char *) found = {0};
    size_t trimmed = strlen(folder);
    while (trimmed > 1 && folder[trimmed - 1] == '/')
        trimmed--;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
        if (is_policy_file(entry->d_name))
            prt_vec_push(arena, &found, prt_arena_printf(arena, "%.*s/%s", (int) trimmed, folder, entry->d_name));
    closedir(dir);
    if (found.length == 0) {
        prt_fail(err, PRT_ERR_POLICY, "there is no policy file in the folder %s", folder);
        return prt_fail_hint(err, "policies are *.lua; *_spec.lua are their tests");
    }
    qsort(found.items, found.length, sizeof *found.items, by_name);
    *paths = found.items;
    *length = found.length;
    return true;
}
