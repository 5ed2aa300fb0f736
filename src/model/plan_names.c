/* The names that a plan gives, and which of them clash. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "model/ident.h"
#include "model/plan_set.h"

/* The slot that holds the name, or the free one where it belongs. */
static struct prt_name_slot *
find_slot(const prt_name_set *names, const char *schema, const char *name)
{
    uint64_t hash = prt_hash_str(prt_hash_str(PRT_HASH_INIT, schema), name);
    for (size_t i = (size_t) hash & (names->size - 1);; i = (i + 1) & (names->size - 1)) {
        struct prt_name_slot *slot = &names->slots[i];
        if (slot->name == NULL || (strcmp(slot->name, name) == 0 && strcmp(slot->schema, schema) == 0))
            return slot;
    }
}

static void
grow(prt_arena *arena, prt_name_set *names)
{
    prt_name_set larger = {.size = names->size == 0 ? 64 : names->size * 2, .used = names->used};
    larger.slots = prt_arena_array(arena, larger.size, sizeof *larger.slots);
    for (size_t i = 0; i < names->size; i++)
        if (names->slots[i].name != NULL)
            *find_slot(&larger, names->slots[i].schema, names->slots[i].name) = names->slots[i];
    *names = larger;
}

bool
prt_name_set_add(prt_arena *arena, prt_name_set *names, const char *schema, const char *name)
{
    if (names->used * 2 >= names->size)
        grow(arena, names);
    struct prt_name_slot *slot = find_slot(names, schema, name);
    if (slot->name != NULL)
        return false;
    *slot = (struct prt_name_slot) {.schema = schema, .name = name};
    names->used++;
    return true;
}

bool
prt_name_set_has(const prt_name_set *names, const char *schema, const char *name)
{
    return names->size != 0 && find_slot(names, schema, name)->name != NULL;
}

static int
compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

typedef PRT_VEC(const char *) name_list;

static void
list_below(prt_arena *arena, name_list *names, const char *schema, const prt_sublevel *level)
{
    for (size_t i = 0; level != NULL && i < level->length; i++) {
        prt_vec_push(arena, names, prt_ident_qualify(arena, schema, level->children[i].name));
        list_below(arena, names, schema, level->children[i].below);
    }
}

const char **
prt_plan_names(prt_arena *arena, const prt_plan *plan, size_t *length)
{
    name_list names = {0};
    for (size_t i = 0; i < plan->sets.length; i++) {
        const prt_set *set = &plan->sets.items[i];
        for (size_t j = 0; j < set->operations.length; j++) {
            const prt_operation *o = &set->operations.items[j];
            if ((o->op != PRT_OP_CREATE && o->op != PRT_OP_DRAIN) || o->table != NULL)
                continue;
            prt_vec_push(arena, &names, prt_ident_qualify(arena, o->schema, o->name));
            list_below(arena, &names, o->schema, o->below);
        }
    }
    if (names.length > 1)
        qsort(names.items, names.length, sizeof *names.items, compare_text);
    *length = names.length;
    return names.items;
}
