/* What leaves a set goes through the policy's archive first: where to, and what that makes of the operation. */
#include <inttypes.h>
#include <string.h>

#include "model/archive_address.h"
#include "model/ident.h"
#include "model/plan_set.h"

bool
prt_archive_possible(const prt_spec *spec)
{
    return spec->archive.url != NULL || spec->hooks.archive != NULL;
}

static const prt_archive_result *
copy_result(prt_arena *arena, const prt_archive_result *result)
{
    prt_archive_result *copy = PRT_NEW(arena, prt_archive_result);
    *copy = *result;
    return copy;
}

/* What an earlier run has proven of this very table. Once attached again, or without its fence, it may have got rows since. */
static const prt_archive_result *
proven(const prt_worksite *site, const prt_table *table)
{
    prt_marker marker;
    bool archived = table->parent_table == NULL && table->fenced && prt_marked(site, table, &marker) &&
                    strcmp(marker.state, "archived") == 0;
    return archived ? copy_result(site->arena, &marker.archive) : NULL;
}

static bool
ask_hook(const prt_worksite *site, const prt_operation *o, prt_archive_choice *out, prt_error *err)
{
    const prt_hooks *hooks = &site->spec->hooks;
    const prt_set *set = site->set;
    prt_hook_context context = {.spec = site->spec,
                                .schema = set->schema,
                                .table = set->table,
                                .key = &set->key,
                                .tenant = set->tenant_row,
                                .now = site->planner->snapshot->now};
    prt_hook_partition partition = {.schema = o->schema,
                                    .name = o->name,
                                    .range = o->range,
                                    .bytes = o->bytes,
                                    .rows = o->rows,
                                    .state = o->table->parent_table != NULL ? "attached" : "detached",
                                    .tenant = set->tenant};
    return hooks->archive(hooks->data, &context, &partition, site->arena, out, err);
}

/* Where the policy wants it; url NULL: nowhere. */
static bool
choose(const prt_worksite *site, const prt_operation *o, prt_archive_choice *out, prt_error *err)
{
    const prt_set *set = site->set;
    *out = site->spec->archive;
    if (site->spec->hooks.archive != NULL && !ask_hook(site, o, out, err))
        return false;
    if (out->url == NULL)
        return true;
    prt_name_input input = {.schema = set->schema,
                            .table = set->table,
                            .tenant = set->tenant,
                            .key = &set->key,
                            .grid = &set->grid,
                            .range = o->range,
                            .name = o->name};
    return prt_archive_address_expand(site->arena, out->url, &input, &out->url, err);
}

static const char *
end_text(const prt_worksite *site, prt_pos at)
{
    if (at == PRT_POS_MIN || at == PRT_POS_MAX)
        return NULL;
    return prt_key_is_time(&site->set->key) ? prt_instant_format(site->arena, at)
                                            : prt_arena_printf(site->arena, "%" PRId64, at);
}

static const prt_archive_request *
make_request(const prt_worksite *site, const prt_operation *o, const prt_archive_choice *choice)
{
    prt_archive_request *request = PRT_NEW(site->arena, prt_archive_request);
    *request = (prt_archive_request) {
        .url = choice->url,
        .format = choice->format,
        .columns = choice->columns,
        .schema = o->schema,
        .name = o->name,
        .oid = o->oid,
        .parent_schema = site->set->schema,
        .parent_name = site->set->table,
        .bound = prt_arena_printf(site->arena, "FOR VALUES FROM (%s) TO (%s)", o->range.from.sql, o->range.to.sql),
        .from = end_text(site, o->range.from.pos),
        .to = end_text(site, o->range.to.pos)};
    return request;
}

/* Where to, and, as the rest will be nowhere, which columns only. */
static const char *
destination(const prt_worksite *site, const prt_archive_choice *choice)
{
    const char *text = choice->url;
    for (size_t i = 0; choice->columns != NULL && choice->columns[i] != NULL; i++)
        text = prt_arena_printf(site->arena, "%s%s%s", text, i == 0 ? ", only " : ", ",
                                prt_ident_display(site->arena, NULL, choice->columns[i]));
    return text;
}

/* The operation with a copy before whatever the policy's cleanup does. */
static void
archive_first(const prt_worksite *site, prt_operation *o, const prt_archive_choice *choice)
{
    prt_arena *arena = site->arena;
    const char *to = o->archived != NULL ? o->archived->url : destination(site, choice);
    bool waits = o->op == PRT_OP_DETACH && site->spec->cleanup != PRT_CLEANUP_DETACH;
    if (waits && o->archived != NULL)
        return; /* nothing is left but to wait */
    o->archive = make_request(site, o, choice);
    if (o->op == PRT_OP_DETACH) {
        o->op = PRT_OP_ARCHIVE;
        o->note = prt_arena_printf(arena, "to %s, %s", to, o->note == NULL ? "then left detached" : o->note);
    } else if (o->note == NULL) {
        o->note = prt_arena_printf(arena, "after archive to %s", to);
    } else if (o->op == PRT_OP_MOVE) {
        o->note = prt_arena_printf(arena, "%s, after archive to %s", o->note, to);
    } else {
        o->note = prt_arena_printf(arena, "after archive to %s; %s", to, o->note);
    }
}

/* `schema:NAME` moves the table there, instead of copying it, and instead of dropping it. */
static bool
archive_in_schema(const prt_worksite *site, prt_operation *o, const char *schema, prt_error *err)
{
    const prt_spec *spec = site->spec;
    const char *shown = prt_ident_display(site->arena, NULL, schema);
    if (spec->cleanup == PRT_CLEANUP_MOVE && strcmp(schema, spec->cleanup_schema) != 0)
        return prt_fail(err, PRT_ERR_POLICY, "archive moves it to schema %s, but cleanup to schema %s", shown,
                        prt_ident_display(site->arena, NULL, spec->cleanup_schema));
    o->destination = schema;
    if (o->op == PRT_OP_DETACH && spec->cleanup != PRT_CLEANUP_DETACH) {
        o->note = prt_arena_printf(site->arena, "moved to schema %s after a grace of %s", shown,
                                   prt_interval_format(site->arena, &spec->grace));
        return true;
    }
    o->op = PRT_OP_MOVE;
    o->note = prt_arena_printf(site->arena, "to schema %s%s", shown,
                               o->table->detach_pending ? "; finishes an interrupted detach" : "");
    return true;
}

static bool
leaves(const prt_operation *o)
{
    return o->table != NULL && (o->op == PRT_OP_DROP || o->op == PRT_OP_DETACH || o->op == PRT_OP_MOVE);
}

bool
prt_archive_settle(prt_worksite *site, prt_operation *o)
{
    prt_archive_choice choice = {0};
    prt_error err = {0};
    if (!leaves(o) || o->archive != NULL)
        return true;
    o->archived = proven(site, o->table);
    bool ok = choose(site, o, &choice, &err);
    const char *schema = choice.url == NULL ? NULL : prt_archive_address_schema(choice.url);
    if (ok && schema != NULL) {
        ok = archive_in_schema(site, o, schema, &err);
        o->archived = NULL;
    } else if (ok && (choice.url != NULL || o->archived != NULL)) {
        /* What was archived once is not dropped without a look at its archive, whatever the policy has become. */
        if (choice.url == NULL)
            choice.url = o->archived->url;
        archive_first(site, o, &choice);
    }
    if (!ok)
        prt_find(site, PRT_FINDING_EXPIRED, PRT_SEVERITY_ERROR, prt_site_name(site, o->table),
                 err.hint[0] != '\0' ? err.hint : NULL, "it is kept, because its archive is not known: %s",
                 err.message);
    return ok;
}
