#include "pg/exec_archive.h"

#include "model/ident.h"
#include "model/render.h"

typedef struct watched {
    prt_executor *x;
    prt_task task;
} watched;

static void
tell(void *data, const prt_archive_progress *progress)
{
    const watched *w = data;
    const prt_run_options *options = w->x->options;
    if (options->progress == NULL)
        return;
    prt_run_event event = {.set = prt_exec_set(w->x, w->task),
                           .operation = prt_exec_operation(w->x, w->task),
                           .archive = progress,
                           .index = w->x->told,
                           .total = w->x->total};
    options->progress(options->progress_data, &event);
}

/* The archive of an earlier run. Somebody may have taken it away since: then it is made again. */
static bool
look_for(prt_executor *x, const prt_operation *op, const prt_archive_watch *watch, bool *present, prt_error *err)
{
    const prt_archiver *archiver = x->options->archiver;
    *present = false;
    if (op->archived == NULL)
        return true;
    if (!archiver->present(archiver->data, x->arena, op->archived, watch, present, err))
        return false;
    prt_field fields[] = {
        {"partition", prt_ident_display(x->arena, op->schema, op->name)}, {"url", op->archived->url}, {NULL, NULL}};
    if (!*present)
        prt_log_write(x->options->log, PRT_WARNING, "its archive is not there any more: it is made again", fields);
    return true;
}

/* What follows now names the archive. */
static void
render_rest(prt_executor *x, const prt_set *set, prt_operation *op, size_t index)
{
    prt_statement *rest;
    size_t length;
    prt_render_proven(x->arena, x->result->plan->snapshot, set, op, true, &rest, &length);
    prt_statement *statements = prt_arena_array(x->arena, index + 1 + length, sizeof *statements);
    for (size_t i = 0; i <= index; i++)
        statements[i] = op->statements[i];
    for (size_t i = 0; i < length; i++)
        statements[index + 1 + i] = rest[i];
    op->statements = statements;
    op->statements_length = index + 1 + length;
}

/* What the archiver advises is for those who archive by hand: here the table is detached, and another run comes. */
static bool
fail(prt_error *err)
{
    if (err->code == PRT_ERR_INTERRUPTED)
        err->hint[0] = '\0';
    else if (err->hint[0] == '\0')
        prt_fail_hint(err, "the table stays, detached and closed to new rows: the next run goes on from there");
    return false;
}

bool
prt_exec_archive(prt_executor *x, prt_task task, size_t index, prt_error *err)
{
    const prt_set *set = prt_exec_set(x, task);
    prt_operation *op = prt_exec_operation(x, task);
    const prt_archiver *archiver = x->options->archiver;
    watched data = {.x = x, .task = task};
    prt_archive_watch watch = {.policy = set->spec->name, .progress = tell, .progress_data = &data};
    bool present;
    if (archiver == NULL)
        return prt_fail(err, PRT_ERR_FAILED, "this program cannot archive") || fail(err);
    if (!look_for(x, op, &watch, &present, err))
        return fail(err);
    if (present)
        return true;
    prt_archive_result *result = PRT_NEW(x->arena, prt_archive_result);
    if (!prt_conn_timeouts(x->conn, prt_exec_lock_timeout(x, set), 0, err) ||
        !archiver->archive(archiver->data, x->conn, x->arena, op->archive, &watch, result, err))
        return fail(err);
    op->archived = result;
    render_rest(x, set, op, index);
    return true;
}
