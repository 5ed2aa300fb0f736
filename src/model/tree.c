#include "model/tree.h"

#include <stdlib.h>
#include <string.h>

static int
compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static const char **
find(const char **texts, size_t length, const char *text)
{
    return length == 0 ? NULL : bsearch(&text, texts, length, sizeof *texts, compare_text);
}

static bool
contains(const char **texts, size_t length, const char *text)
{
    return find(texts, length, text) != NULL;
}

bool
prt_snapshot_is_taken(const prt_snapshot *snapshot, const char *qualified)
{
    return contains(snapshot->taken, snapshot->taken_length, qualified);
}

bool
prt_snapshot_is_blocked(const prt_snapshot *snapshot, const char *qualified)
{
    return contains(snapshot->blocked, snapshot->blocked_length, qualified);
}

bool
prt_snapshot_is_purgeable(const prt_snapshot *snapshot, const char *purge)
{
    return contains(snapshot->purgeable, snapshot->purgeable_length, purge);
}

bool
prt_snapshot_has_strangers(const prt_snapshot *snapshot, const char *qualified)
{
    return contains(snapshot->strangers, snapshot->strangers_length, qualified);
}

const char *
prt_snapshot_purge_from(const prt_snapshot *snapshot, const char *purge)
{
    const char **found = find(snapshot->purgeable, snapshot->purgeable_length, purge);
    return found == NULL || snapshot->purge_from == NULL ? NULL : snapshot->purge_from[found - snapshot->purgeable];
}

const char *
prt_snapshot_stranger_note(const prt_snapshot *snapshot, const char *qualified)
{
    const char **found = find(snapshot->strangers, snapshot->strangers_length, qualified);
    return found == NULL || snapshot->stranger_notes == NULL ? NULL
                                                             : snapshot->stranger_notes[found - snapshot->strangers];
}

bool
prt_table_walk(const prt_table *root, bool (*visit)(void *data, const prt_table *table), void *data)
{
    if (!visit(data, root))
        return false;
    if (root->parent == NULL)
        return true;
    for (size_t i = 0; i < root->parent->children_length; i++)
        if (!prt_table_walk(root->parent->children[i], visit, data))
            return false;
    return true;
}
