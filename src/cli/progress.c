#include "cli/progress.h"

#include <inttypes.h>

#include "base/clock.h"
#include "model/ident.h"

enum { BAR_CELLS = 28, REDRAW_EVERY = 50 * 1000 /* microseconds */ };

void
prt_progress_init(prt_progress *progress, prt_cli *cli)
{
    *progress = (prt_progress) {.cli = cli, .arena = prt_arena_new()};
}

void
prt_progress_done(prt_progress *progress)
{
    prt_arena_free(progress->arena);
    progress->arena = NULL;
}

static void
erase_bar(prt_progress *p)
{
    if (p->bar)
        fputs("\r\x1b[K", stderr);
    p->bar = false;
}

/* How far an operation is that goes on. */
static void
put_rows(prt_buf *out, prt_arena *arena, int64_t rows, int64_t elapsed)
{
    int64_t rate = (int64_t) ((double) rows * PRT_USEC_PER_SEC / (double) elapsed);
    prt_buf_fmt(out, "  %s rows, %s/s", prt_number_text(arena, rows), prt_number_text(arena, rate));
}

static void
put_archive(prt_buf *out, prt_arena *arena, const prt_archive_progress *archive)
{
    if (archive->verifying)
        prt_buf_fmt(out, "  verifying %s", prt_bytes_text(arena, archive->bytes));
    else
        prt_buf_fmt(out, "  %s rows, %s", prt_number_text(arena, archive->rows), prt_bytes_text(arena, archive->bytes));
    prt_buf_fmt(out, ", %s/s", prt_bytes_text(arena, archive->rate));
}

static void
draw_bar(prt_progress *p, const prt_run_event *event)
{
    int64_t now = prt_clock_monotonic();
    bool going_on = event->elapsed > 0 || event->archive != NULL;
    if (!p->cli->progress || (event->total < 2 && !going_on) || now - p->drawn < REDRAW_EVERY)
        return;
    prt_buf text;
    prt_buf_init(&text, p->arena);
    size_t filled = event->index * BAR_CELLS / event->total;
    prt_buf_str(&text, "\r\x1b[K[");
    for (size_t i = 0; i < BAR_CELLS; i++)
        prt_buf_char(&text, i < filled ? '#' : '.');
    prt_buf_fmt(&text, "] %zu of %zu  %s ", event->index + 1, event->total, prt_op_names[event->operation->op]);
    prt_text_put(&text, NULL, PRT_TINT_NONE, event->operation->name, 0);
    if (event->archive != NULL)
        put_archive(&text, p->arena, event->archive);
    else if (going_on)
        put_rows(&text, p->arena, event->rows, event->elapsed);
    fputs(text.data, stderr);
    fflush(stderr);
    p->bar = true;
    p->drawn = now;
}

static const char *
milliseconds(prt_arena *arena, int64_t usec)
{
    if (usec < 10 * PRT_USEC_PER_SEC)
        return prt_arena_printf(arena, "%" PRId64 " ms", (usec + 500) / PRT_USEC_PER_MSEC);
    return prt_duration_display(arena, usec);
}

static void
put_header(prt_progress *p, prt_buf *out, const prt_set *set)
{
    if (p->set == set)
        return;
    p->set = set;
    prt_text_put(out, &p->cli->style, PRT_TINT_BOLD, prt_set_name(p->arena, set), 0);
    prt_buf_char(out, '\n');
}

static void
put_trouble(prt_progress *p, prt_buf *out, const prt_outcome *outcome)
{
    prt_buf_str(out, "    ");
    prt_text_put(out, &p->cli->style, outcome->status == PRT_STATUS_FAILED ? PRT_TINT_BAD : PRT_TINT_WARN,
                 prt_status_names[outcome->status], 8);
    prt_text_put(out, &p->cli->style, PRT_TINT_NONE, outcome->error.message, 0);
    if (outcome->error.sqlstate[0] != '\0')
        prt_buf_fmt(out, " (%s)", outcome->error.sqlstate);
    if (outcome->error.hint[0] != '\0') {
        prt_buf_str(out, "\n            hint: ");
        prt_text_put(out, &p->cli->style, PRT_TINT_DIM, outcome->error.hint, 0);
    }
    prt_buf_char(out, '\n');
}

static const char *
done_text(prt_arena *arena, const prt_operation *op, const prt_outcome *outcome)
{
    const char *time = milliseconds(arena, outcome->duration);
    if (op->op == PRT_OP_PURGE)
        time = prt_arena_printf(arena, "%s in %s", prt_count_text(arena, (size_t) op->rows, "row"), time);
    return outcome->note == NULL ? time : prt_arena_printf(arena, "%s; %s", time, outcome->note);
}

static void
put_outcome(prt_progress *p, prt_buf *out, const prt_run_event *event)
{
    const prt_outcome *outcome = event->outcome;
    bool done = outcome->status == PRT_STATUS_DONE;
    size_t hidden = 0, index = (size_t) (event->operation - event->set->operations.items);
    bool folds = done && p->cli->style.fold && prt_operation_folds(event->set, index, &hidden);
    if (folds && hidden == 0)
        return;
    put_header(p, out, event->set);
    if (folds) {
        prt_folded_text(out, hidden, 4, &p->cli->style);
        return;
    }
    const char *last = done ? done_text(p->arena, event->operation, outcome) : prt_status_names[outcome->status];
    prt_text_layout layout;
    prt_layout_init(&layout);
    prt_layout_add(&layout, p->arena, event->set);
    prt_operation_text(out, event->set, event->operation, &layout, &p->cli->style, last);
    if (!done)
        put_trouble(p, out, outcome);
}

void
prt_progress_event(void *data, const prt_run_event *event)
{
    prt_progress *p = data;
    const prt_options *o = &p->cli->args.options;
    if (event->outcome == NULL) {
        draw_bar(p, event);
        return;
    }
    bool interrupted = event->outcome->error.code == PRT_ERR_INTERRUPTED; /* the summary counts them */
    if (o->format == PRT_FORMAT_JSON || (o->quiet && event->outcome->status == PRT_STATUS_DONE) || interrupted)
        return;
    prt_buf text;
    prt_buf_init(&text, p->arena);
    put_outcome(p, &text, event);
    if (text.length > 0)
        erase_bar(p);
    prt_cli_print(&text);
    fflush(stdout);
    prt_arena_free(p->arena); /* a thousand operations must not add up */
    p->arena = prt_arena_new();
}

static bool
has_errors(const prt_set *set)
{
    for (size_t i = 0; i < set->findings.length; i++)
        if (set->findings.items[i].severity == PRT_SEVERITY_ERROR)
            return true;
    return false;
}

static void
put_findings(prt_progress *p, prt_buf *out, const prt_plan *plan)
{
    for (size_t i = 0; i < plan->sets.length; i++) {
        const prt_set *set = &plan->sets.items[i];
        if (set->findings.length == 0 || (p->cli->args.options.quiet && !has_errors(set)))
            continue;
        prt_text_layout layout;
        prt_layout_init(&layout);
        put_header(p, out, set);
        prt_findings_text(out, set, &layout, &p->cli->style);
    }
}

static void
put_summary(prt_progress *p, prt_buf *out, const prt_result *result, int64_t duration)
{
    prt_arena *arena = p->arena;
    const prt_text_style *style = &p->cli->style;
    size_t findings = prt_plan_findings(result->plan, PRT_SEVERITY_INFO);
    const char *sets = prt_count_text(arena, result->plan->sets.length, "set");
    if (result->done + result->failed + result->skipped + findings == 0) {
        prt_buf_fmt(out, "nothing to do in %s\n", sets);
        return;
    }
    prt_buf_fmt(out, "%s done", prt_count_text(arena, result->done, "operation"));
    if (result->failed > 0) {
        prt_buf_str(out, ", ");
        prt_text_put(out, style, PRT_TINT_BAD, prt_arena_printf(arena, "%zu failed", result->failed), 0);
    }
    if (result->skipped > 0)
        prt_buf_fmt(out, ", %zu skipped", result->skipped);
    prt_buf_fmt(out, " and %s in %s, in %s\n", prt_count_text(arena, findings, "finding"), sets,
                milliseconds(arena, duration));
}

void
prt_progress_finish(prt_progress *p, const prt_result *result, int64_t duration)
{
    erase_bar(p);
    if (result == NULL || result->plan == NULL)
        return;
    if (p->cli->args.options.format == PRT_FORMAT_JSON) {
        prt_cli_print_json(prt_result_json(p->arena, result));
        return;
    }
    prt_buf text;
    prt_buf_init(&text, p->arena);
    put_findings(p, &text, result->plan);
    if (!p->cli->args.options.quiet)
        put_summary(p, &text, result, duration);
    prt_cli_print(&text);
}

/* ---------------------------------------------------------------------------------------------------- JSON */

static json_t *
outcome_json(prt_arena *arena, const prt_set *set, const prt_operation *op, const prt_outcome *outcome)
{
    json_t *json = prt_operation_json(arena, set, op);
    json_object_set_new(json, "status", json_string(prt_status_names[outcome->status]));
    json_object_set_new(json, "attempts", json_integer(outcome->attempts));
    json_object_set_new(json, "duration_ms", json_real((double) outcome->duration / 1000));
    if (outcome->note != NULL)
        json_object_set_new(json, "note", json_string(outcome->note));
    if (outcome->error.code != PRT_OK)
        json_object_set_new(json, "error",
                            json_pack("{s:s, s:s, s:s, s:s}", "code", prt_code_name(outcome->error.code), "sqlstate",
                                      outcome->error.sqlstate, "message", outcome->error.message, "hint",
                                      outcome->error.hint));
    return json;
}

static json_t *
set_json(prt_arena *arena, const prt_result *result, size_t index)
{
    const prt_set *set = &result->plan->sets.items[index];
    json_t *operations = json_array(), *findings = json_array();
    for (size_t i = 0; i < set->operations.length; i++)
        json_array_append_new(operations,
                              outcome_json(arena, set, &set->operations.items[i], &result->outcomes[index][i]));
    for (size_t i = 0; i < set->findings.length; i++)
        json_array_append_new(findings, prt_finding_json(&set->findings.items[i]));
    return json_pack("{s:s, s:s, s:s?, s:o, s:o}", "policy", set->spec->name, "table",
                     prt_ident_display(arena, set->schema, set->table), "tenant", set->tenant, "operations", operations,
                     "findings", findings);
}

json_t *
prt_result_json(prt_arena *arena, const prt_result *result)
{
    json_t *sets = json_array();
    for (size_t i = 0; i < result->plan->sets.length; i++)
        json_array_append_new(sets, set_json(arena, result, i));
    return json_pack("{s:i, s:s, s:s?, s:o, s:I, s:I, s:I, s:I, s:o}", "version", 1, "now",
                     prt_instant_format(arena, result->plan->now), "database", result->plan->snapshot->database, "run",
                     result->run_id == 0 ? json_null() : json_integer(result->run_id), "done",
                     (json_int_t) result->done, "failed", (json_int_t) result->failed, "skipped",
                     (json_int_t) result->skipped, "locked", (json_int_t) result->locked, "sets", sets);
}
