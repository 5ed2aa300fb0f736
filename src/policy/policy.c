#include "policy/policy.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "model/ident.h"
#include "policy/loader.h"

/* A table that a policy names. */
typedef struct claim {
    const char *table;
    const prt_spec *spec;
} claim;

struct prt_policies {
    prt_arena *arena;
    prt_vm vm;
    prt_specs specs;
    prt_errors errors;
    PRT_VEC(claim) claims;
};

prt_policies *
prt_policies_new(const prt_policy_limits *limits, const prt_policy_host *host)
{
    prt_arena *arena = prt_arena_new();
    prt_policies *policies = PRT_NEW(arena, prt_policies);
    prt_error err = {0};
    policies->arena = arena;
    if (prt_vm_open(&policies->vm, limits, host, &err))
        return policies;
    prt_policies_free(policies);
    return NULL;
}

void
prt_policies_free(prt_policies *policies)
{
    if (policies == NULL)
        return;
    prt_vm_close(&policies->vm);
    prt_arena_free(policies->arena);
}

/* The table's name in one spelling; NULL when it cannot be read. */
static const char *
canonical(prt_arena *arena, const char *table)
{
    const char *schema, *name;
    prt_error ignored = {0};
    if (!prt_ident_parse(arena, table, &schema, &name, &ignored))
        return NULL;
    return prt_ident_qualify(arena, schema == NULL ? "public" : schema, name);
}

/* Two policies for one table would undo each other's work. */
static bool
claim_table(prt_policies *p, const prt_spec *spec, const char *table, prt_error *err)
{
    const char *name = canonical(p->arena, table);
    for (size_t i = 0; name != NULL && i < p->claims.length; i++) {
        const prt_spec *other = p->claims.items[i].spec;
        if (strcmp(p->claims.items[i].table, name) == 0)
            return prt_fail(err, PRT_ERR_POLICY, "%s:%d: policy \"%s\": table %s has a policy already, in %s:%d",
                            spec->file, spec->line, spec->name, table, other->file, other->line);
    }
    if (name != NULL)
        prt_vec_push(p->arena, &p->claims, ((claim) {name, spec}));
    return true;
}

static bool
claim_tables(prt_policies *p, const prt_spec *spec, prt_error *err)
{
    for (size_t i = 0; spec->tables_query == NULL && i < spec->tables_length; i++)
        if (!claim_table(p, spec, spec->tables[i], err))
            return false;
    return true;
}

/* Two schemas may well have a table of one name: markers and the journal have the table beside the policy. */
static bool
has_table_name(prt_policies *p, const prt_spec *spec)
{
    const char *schema, *name;
    prt_error ignored = {0};
    return spec->tables_length > 0 && prt_ident_parse(p->arena, spec->tables[0], &schema, &name, &ignored) &&
           strcmp(name, spec->name) == 0;
}

/* Markers, the journal and hooks know a policy by its name. */
static bool
check_name(prt_policies *p, size_t index, prt_error *err)
{
    const prt_spec *spec = p->specs.items[index];
    for (size_t i = 0; i < index; i++) {
        const prt_spec *other = p->specs.items[i];
        if (strcmp(other->name, spec->name) != 0 || (has_table_name(p, spec) && has_table_name(p, other)))
            continue;
        prt_fail(err, PRT_ERR_POLICY, "%s:%d: there is a policy \"%s\" already, in %s:%d", spec->file, spec->line,
                 spec->name, other->file, other->line);
        return prt_fail_hint(err, "give one of them another `name`");
    }
    return true;
}

static bool
is_same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool
has_same_tables(const prt_spec *a, const prt_spec *b)
{
    bool same = a->tables_length == b->tables_length && (a->tables_query == NULL) == (b->tables_query == NULL) &&
                (a->tables_query == NULL || strcmp(a->tables_query, b->tables_query) == 0);
    for (size_t i = 0; same && i < a->tables_length; i++)
        same = strcmp(a->tables[i], b->tables[i]) == 0;
    return same;
}

/* A file can be named twice, or be reached through two folders: its policies are there already. */
static bool
is_there_already(const prt_policies *p, const prt_spec *spec, size_t before)
{
    for (size_t i = 0; i < before; i++) {
        const prt_spec *other = p->specs.items[i];
        if (other->line == spec->line && strcmp(other->name, spec->name) == 0 && has_same_tables(other, spec) &&
            is_same_file(other->file, spec->file))
            return true;
    }
    return false;
}

static void
leave_out_known(prt_policies *p, size_t first)
{
    size_t kept = first;
    for (size_t i = first; i < p->specs.length; i++)
        if (!is_there_already(p, p->specs.items[i], first))
            p->specs.items[kept++] = p->specs.items[i];
    p->specs.length = kept;
}

/* All of a file's policies or none. */
static bool
check_new(prt_policies *p, size_t first)
{
    prt_error err = {0};
    size_t claims = p->claims.length;
    leave_out_known(p, first);
    for (size_t i = first; i < p->specs.length; i++)
        if (!claim_tables(p, p->specs.items[i], &err) || !check_name(p, i, &err)) {
            prt_error *copy = PRT_NEW(p->arena, prt_error);
            *copy = err;
            prt_vec_push(p->arena, &p->errors, copy); /* NOLINT(bugprone-sizeof-expression): addresses */
            p->specs.length = first;
            p->claims.length = claims;
            return false;
        }
    return true;
}

static bool
load_file(prt_policies *p, const char *path)
{
    size_t first = p->specs.length;
    return prt_loader_file(&p->vm, p->arena, prt_arena_strdup(p->arena, path), &p->specs, &p->errors) &&
           check_new(p, first);
}

/* The first error since `before`, with the number of those that came after it. */
static bool
fail_with_first(const prt_policies *p, size_t before, prt_error *err)
{
    size_t more = p->errors.length - before - 1;
    const prt_error *first = p->errors.items[before];
    if (more > 0)
        prt_fail(err, first->code, "%s (and %zu more error%s)", first->message, more, more == 1 ? "" : "s");
    else
        prt_fail(err, first->code, "%s", first->message);
    if (first->hint[0] != '\0')
        prt_fail_hint(err, "%s", first->hint);
    return prt_fail_object(err, "%s", first->object);
}

static bool
load_folder(prt_policies *p, const char *path, bool keep_going, prt_error *err)
{
    const char **paths;
    size_t length, loaded = 0, before = p->errors.length;
    if (!prt_loader_folder(p->arena, path, &paths, &length, err))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (load_file(p, paths[i]))
            loaded++;
        else if (!keep_going)
            break;
    }
    bool ok = p->errors.length == before || (keep_going && loaded > 0);
    return ok || fail_with_first(p, before, err);
}

bool
prt_policies_load(prt_policies *policies, const char *path, bool keep_going, prt_error *err)
{
    struct stat info;
    size_t before = policies->errors.length;
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return load_folder(policies, path, keep_going, err);
    return load_file(policies, path) || fail_with_first(policies, before, err);
}

const prt_spec *const *
prt_policies_specs(const prt_policies *policies, size_t *length)
{
    *length = policies->specs.length;
    return (const prt_spec *const *) policies->specs.items;
}

size_t
prt_policies_errors(const prt_policies *policies)
{
    return policies->errors.length;
}

const prt_error *
prt_policies_error(const prt_policies *policies, size_t index)
{
    return policies->errors.items[index];
}
