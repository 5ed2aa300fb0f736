#include "model/plan_text.h"

#include <inttypes.h>
#include <string.h>

#include "model/ident.h"

enum {
    LONGEST_COLUMN = 44, /* a longer text does not push the columns of all the others */
    FOLD_BEYOND = 9,     /* operations of one kind in a row */
    FOLD_SHOWN = 2,      /* of them at each end, when folded */
    CHECK_COLUMN = 31,   /* of the messages of check */
};

int
prt_text_width(const char *text)
{
    int width = 0;
    for (const unsigned char *c = (const unsigned char *) text; *c != '\0'; c++)
        width += (*c & 0xC0) != 0x80;
    return width;
}

/* Control characters, C1's two-byte forms included, could steer the terminal. */
static void
put_clean(prt_buf *out, const char *text)
{
    for (const unsigned char *c = (const unsigned char *) text; *c != '\0'; c++) {
        if (*c < 0x20 || *c == 0x7F) {
            prt_buf_char(out, '?');
        } else if (*c == 0xC2 && c[1] >= 0x80 && c[1] < 0xA0) {
            prt_buf_char(out, '?');
            c++;
        } else {
            prt_buf_char(out, (char) *c);
        }
    }
}

void
prt_text_put(prt_buf *out, const prt_text_style *style, prt_tint tint, const char *text, int width)
{
    static const char *const codes[] = {
        [PRT_TINT_NONE] = "",         [PRT_TINT_GOOD] = "\x1b[32m", [PRT_TINT_BAD] = "\x1b[31m",
        [PRT_TINT_WARN] = "\x1b[33m", [PRT_TINT_DIM] = "\x1b[2m",   [PRT_TINT_BOLD] = "\x1b[1m",
    };
    bool colored = style != NULL && style->color && tint != PRT_TINT_NONE && text[0] != '\0';
    if (colored)
        prt_buf_str(out, codes[tint]);
    put_clean(out, text);
    if (colored)
        prt_buf_str(out, "\x1b[0m");
    for (int i = prt_text_width(text); i < width; i++)
        prt_buf_char(out, ' ');
}

static void
pad(prt_buf *out, int count)
{
    for (int i = 0; i < count; i++)
        prt_buf_char(out, ' ');
}

/* Blanks at a line's end are of no use to anybody. */
static void
end_line(prt_buf *out)
{
    while (out->length > 0 && out->data[out->length - 1] == ' ')
        out->data[--out->length] = '\0';
    prt_buf_char(out, '\n');
}

const char *
prt_count_text(prt_arena *arena, size_t count, const char *noun)
{
    if (count == 0)
        return prt_arena_printf(arena, "no %ss", noun);
    return prt_arena_printf(arena, "%s %s%s", prt_number_text(arena, (int64_t) count), noun, count == 1 ? "" : "s");
}

const char *
prt_bytes_text(prt_arena *arena, int64_t bytes)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB"};
    if (bytes < 1024)
        return prt_arena_printf(arena, "%" PRId64 " bytes", bytes);
    double amount = (double) bytes / 1024;
    size_t unit = 0;
    while (amount >= 999.5 && unit < sizeof units / sizeof units[0] - 1) {
        amount /= 1024;
        unit++;
    }
    return prt_arena_printf(arena, amount < 9.95 && unit > 0 ? "%.1f %s" : "%.0f %s", amount, units[unit]);
}

const char *
prt_number_text(prt_arena *arena, int64_t number)
{
    const char *digits = prt_arena_printf(arena, "%" PRIu64, number < 0 ? 0 - (uint64_t) number : (uint64_t) number);
    size_t length = strlen(digits);
    prt_buf out;
    prt_buf_init(&out, arena);
    if (number < 0)
        prt_buf_char(&out, '-');
    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            prt_buf_char(&out, ',');
        prt_buf_char(&out, digits[i]);
    }
    return out.data;
}

/* ----------------------------------------------------------------------------------------------- columns */

static const char *
tenant_name(prt_arena *arena, const char *schema, const char *table, const char *tenant)
{
    const char *name = prt_ident_display(arena, schema, table);
    return tenant == NULL ? name : prt_arena_printf(arena, "%s  tenant %s", name, tenant);
}

const char *
prt_set_name(prt_arena *arena, const prt_set *set)
{
    return tenant_name(arena, set->schema, set->table, set->tenant);
}

const char *
prt_parent_name(prt_arena *arena, const prt_table *parent, const char *tenant)
{
    return tenant_name(arena, parent->schema, parent->name, tenant);
}

static const char *
operation_name(prt_arena *arena, const prt_set *set, const prt_operation *op)
{
    bool elsewhere = op->schema != NULL && strcmp(op->schema, set->schema) != 0;
    return prt_ident_display(arena, elsewhere ? op->schema : NULL, op->name);
}

static const char *
operation_range(prt_arena *arena, const prt_set *set, const prt_operation *op)
{
    return op->has_range && set->plannable ? prt_range_display(arena, &set->key, &op->range) : "";
}

/* The note when there is one, else the lock; both when readers or writers would feel the lock. */
static const char *
operation_last(prt_arena *arena, const prt_operation *op)
{
    if (op->note == NULL)
        return op->lock == NULL ? "" : op->lock;
    if (op->lock == NULL || strcmp(op->lock, "AccessExclusiveLock") != 0)
        return op->note;
    return prt_arena_printf(arena, "%s, %s", op->note, op->lock);
}

static void
widen(int *column, int width)
{
    if (width > *column)
        *column = width < LONGEST_COLUMN ? width : LONGEST_COLUMN;
}

void
prt_layout_init(prt_text_layout *layout)
{
    *layout = (prt_text_layout) {.op = 6, .reason = 18};
}

void
prt_layout_add(prt_text_layout *layout, prt_arena *arena, const prt_set *set)
{
    widen(&layout->set, prt_text_width(prt_set_name(arena, set)));
    for (size_t i = 0; i < set->operations.length; i++) {
        const prt_operation *op = &set->operations.items[i];
        widen(&layout->op, prt_text_width(prt_op_names[op->op]));
        widen(&layout->name, prt_text_width(operation_name(arena, set, op)));
        widen(&layout->range, prt_text_width(operation_range(arena, set, op)));
        widen(&layout->reason, prt_text_width(op->reason == NULL ? "" : op->reason));
        if (op->bytes >= 0) {
            widen(&layout->size, 6);
            widen(&layout->size, prt_text_width(prt_bytes_text(arena, op->bytes)));
        }
    }
}

static prt_text_layout
layout_of(const prt_plan *plan, prt_arena *arena)
{
    prt_text_layout layout;
    prt_layout_init(&layout);
    for (size_t i = 0; i < plan->sets.length; i++)
        prt_layout_add(&layout, arena, &plan->sets.items[i]);
    return layout;
}

/* ------------------------------------------------------------------------------------------------- lines */

static const char *
runway_text(prt_arena *arena, const prt_set *set)
{
    if (set->runway == PRT_POS_MAX)
        return "runway without end";
    if (set->runway <= 0)
        return "no runway";
    if (prt_key_is_time(&set->key))
        return prt_arena_printf(arena, "runway %s", prt_duration_display(arena, set->runway));
    return prt_arena_printf(arena, "runway %s ids", prt_number_text(arena, set->runway));
}

void
prt_set_text(prt_buf *out, const prt_set *set, const prt_text_layout *layout, const prt_text_style *style)
{
    prt_arena *arena = out->arena;
    const prt_tenant_list *shared = set->tenants != NULL ? set->tenants : set->group;
    prt_text_put(out, style, PRT_TINT_BOLD, prt_set_name(arena, set), layout->set);
    prt_buf_str(out, "   ");
    if (!set->plannable) {
        prt_text_put(out, style, PRT_TINT_DIM, prt_arena_printf(arena, "policy %s", set->spec->name), 0);
        end_line(out);
        return;
    }
    prt_buf_fmt(out, "%s, %s, ", prt_grid_display(arena, &set->grid),
                prt_count_text(arena, set->partitions, "partition"));
    if (shared != NULL)
        prt_buf_fmt(out, "%s, ", prt_count_text(arena, shared->length, "tenant"));
    if (set->bytes >= 0)
        prt_buf_fmt(out, "%s, ", prt_bytes_text(arena, set->bytes));
    if (set->outer != NULL) /* its end is its branch's: nothing that runs out */
        prt_buf_fmt(out, "inside %s", prt_ident_display(arena, set->outer->schema, set->outer->name));
    else
        prt_text_put(out, style, set->runway <= 0 ? PRT_TINT_BAD : PRT_TINT_NONE, runway_text(arena, set), 0);
    end_line(out);
}

static char
mark_of(prt_op op)
{
    switch (op) {
    case PRT_OP_CREATE:
    case PRT_OP_DRAIN:
    case PRT_OP_REATTACH:
        return '+';
    case PRT_OP_DETACH:
    case PRT_OP_FINALIZE:
    case PRT_OP_ARCHIVE:
    case PRT_OP_DROP:
    case PRT_OP_MOVE:
    case PRT_OP_PURGE:
        return '-';
    default:
        return '~';
    }
}

static prt_tint
tint_of(prt_op op)
{
    char mark = mark_of(op);
    return mark == '+' ? PRT_TINT_GOOD : mark == '-' ? PRT_TINT_BAD : PRT_TINT_NONE;
}

/* In a narrow terminal the lock that lets reads and writes go on is not worth a second line. */
static bool
has_room(const prt_operation *op, const prt_text_layout *layout, const prt_text_style *style, const char *last)
{
    if (style == NULL || style->width == 0 || op->note != NULL || strcmp(last, "ShareUpdateExclusiveLock") != 0)
        return true;
    int size = layout->size > 0 ? layout->size + 3 : 0;
    return layout->op + layout->name + layout->range + size + layout->reason + 15 + prt_text_width(last) <=
           style->width;
}

void
prt_operation_text(prt_buf *out, const prt_set *set, const prt_operation *op, const prt_text_layout *layout,
                   const prt_text_style *style, const char *last)
{
    prt_arena *arena = out->arena;
    const char *label = prt_arena_printf(arena, "%c %s", mark_of(op->op), prt_op_names[op->op]);
    prt_buf_str(out, "  ");
    prt_text_put(out, style, tint_of(op->op), label, layout->op + 2);
    prt_buf_str(out, "  ");
    prt_text_put(out, style, PRT_TINT_NONE, operation_name(arena, set, op), layout->name);
    prt_buf_str(out, "   ");
    prt_text_put(out, style, PRT_TINT_NONE, operation_range(arena, set, op), layout->range);
    prt_buf_str(out, "   ");
    if (layout->size > 0) {
        const char *size = op->bytes >= 0 ? prt_bytes_text(arena, op->bytes) : "";
        pad(out, layout->size - prt_text_width(size));
        prt_buf_str(out, size);
        prt_buf_str(out, "   ");
    }
    prt_text_put(out, style, PRT_TINT_NONE, op->reason == NULL ? "" : op->reason, layout->reason);
    prt_buf_str(out, "   ");
    if (last == NULL)
        last = operation_last(arena, op);
    if (has_room(op, layout, style, last))
        prt_text_put(out, style, PRT_TINT_DIM, last, 0);
    end_line(out);
}

static prt_tint
severity_tint(prt_severity severity)
{
    return severity == PRT_SEVERITY_ERROR     ? PRT_TINT_BAD
           : severity == PRT_SEVERITY_WARNING ? PRT_TINT_WARN
                                              : PRT_TINT_DIM;
}

/* The table that a finding is about, where neither the set's line nor the message names it; NULL otherwise. */
static const char *
subject_of(prt_arena *arena, const prt_set *set, const prt_finding *finding)
{
    const char *object = finding->object;
    const char *schema = prt_arena_printf(arena, "%s.", prt_ident_display(arena, NULL, set->schema));
    if (object == NULL || strcmp(object, prt_ident_display(arena, set->schema, set->table)) == 0)
        return NULL;
    if (strncmp(object, schema, strlen(schema)) == 0)
        object += strlen(schema);
    return strstr(finding->message, object) != NULL ? NULL : object;
}

typedef struct finding_line {
    const char *label;
    int column; /* of the message */
    bool hint;  /* show it */
} finding_line;

static void
put_finding(prt_buf *out, const prt_set *set, const prt_finding *finding, const finding_line *line,
            const prt_text_style *style)
{
    const char *subject = subject_of(out->arena, set, finding);
    prt_buf_str(out, "  ");
    prt_text_put(out, style, severity_tint(finding->severity), line->label, line->column - 2);
    if (prt_text_width(line->label) >= line->column - 2)
        prt_buf_str(out, "  ");
    if (subject != NULL)
        prt_text_put(out, style, PRT_TINT_NONE, prt_arena_printf(out->arena, "%s: ", subject), 0);
    prt_text_put(out, style, PRT_TINT_NONE, finding->message, 0);
    end_line(out);
    if (!line->hint || finding->hint == NULL)
        return;
    pad(out, line->column);
    prt_text_put(out, style, PRT_TINT_DIM, "hint: ", 0);
    prt_text_put(out, style, PRT_TINT_DIM, finding->hint, 0);
    end_line(out);
}

void
prt_folded_text(prt_buf *out, size_t hidden, int indent, const prt_text_style *style)
{
    pad(out, indent);
    const char *count = prt_number_text(out->arena, (int64_t) hidden);
    prt_text_put(out, style, PRT_TINT_DIM, prt_arena_printf(out->arena, "... %s more like these (-v shows all)", count),
                 0);
    end_line(out);
}

/* Of one kind, with the same advice. */
static bool
alike(const prt_finding *a, const prt_finding *b)
{
    return a->code == b->code && a->severity == b->severity &&
           strcmp(a->hint == NULL ? "" : a->hint, b->hint == NULL ? "" : b->hint) == 0;
}

/* Below the ranges, where there are operations to be in line with. */
static int
message_column(const prt_text_layout *layout)
{
    return layout->name > 0 ? 2 + layout->op + 2 + 2 + layout->name + 3 : 26;
}

/* `findings` ends with a NULL. `check`: with their severity in words. */
static void
put_findings(prt_buf *out, const prt_set *set, const prt_finding *const *findings, bool check, int column,
             const prt_text_style *style)
{
    size_t length;
    for (size_t first = 0; findings[first] != NULL; first += length) {
        const prt_finding *one = findings[first];
        const char *mark = one->severity == PRT_SEVERITY_INFO ? "i" : "!";
        finding_line line = {.column = column};
        line.label = check ? prt_arena_printf(out->arena, "%-7s  %s", prt_severity_names[one->severity],
                                              prt_finding_names[one->code])
                           : prt_arena_printf(out->arena, "%s %s", mark, prt_finding_names[one->code]);
        for (length = 1; findings[first + length] != NULL && alike(one, findings[first + length]);)
            length++;
        size_t hidden = style != NULL && style->fold && length > FOLD_BEYOND ? length - FOLD_SHOWN - 1 : 0;
        for (size_t i = 0; i < length; i++) {
            if (hidden > 0 && i == FOLD_SHOWN) {
                prt_folded_text(out, hidden, column, style);
                i += hidden;
            }
            line.hint = i + 1 == length;
            put_finding(out, set, findings[first + i], &line, style);
        }
    }
}

void
prt_findings_text(prt_buf *out, const prt_set *set, const prt_text_layout *layout, const prt_text_style *style)
{
    const prt_finding **findings = prt_arena_array(out->arena, set->findings.length + 1, sizeof(const prt_finding *));
    for (size_t i = 0; i < set->findings.length; i++)
        findings[i] = &set->findings.items[i];
    put_findings(out, set, findings, false, message_column(layout), style);
}

/* ------------------------------------------------------------------------------------------------- wholes */

bool
prt_operation_folds(const prt_set *set, size_t index, size_t *hidden)
{
    const prt_operation *operations = set->operations.items;
    size_t first = index, end = index;
    while (first > 0 && operations[first - 1].op == operations[index].op)
        first--;
    while (end < set->operations.length && operations[end].op == operations[index].op)
        end++;
    bool folds = end - first > FOLD_BEYOND && index >= first + FOLD_SHOWN && index + FOLD_SHOWN < end;
    *hidden = folds && index == first + FOLD_SHOWN ? end - first - 2 * (size_t) FOLD_SHOWN : 0;
    return folds;
}

static void
put_operations(prt_buf *out, const prt_set *set, const prt_text_layout *layout, const prt_text_style *style)
{
    for (size_t i = 0; i < set->operations.length; i++) {
        size_t hidden = 0;
        bool folds = style != NULL && style->fold && prt_operation_folds(set, i, &hidden);
        if (!folds)
            prt_operation_text(out, set, &set->operations.items[i], layout, style, NULL);
        else if (hidden > 0)
            prt_folded_text(out, hidden, 4, style);
    }
}

/* One of a policy's tenants with nothing to tell of. */
static bool
is_idle(const prt_set *set, bool check)
{
    return set->tenant != NULL && set->findings.length == 0 && (check || set->operations.length == 0);
}

/* Of a long run of idle tenants the middle is left out: how many from `index` on; 0: none. */
static size_t
idle_tenants(const prt_plan *plan, size_t index, bool check, const prt_text_style *style)
{
    const prt_set *sets = plan->sets.items;
    size_t first = index, end = index;
    if (style == NULL || !style->fold || !is_idle(&sets[index], check))
        return 0;
    while (first > 0 && sets[first - 1].spec == sets[index].spec && is_idle(&sets[first - 1], check))
        first--;
    if (index != first + FOLD_SHOWN)
        return 0;
    while (end < plan->sets.length && sets[end].spec == sets[index].spec && is_idle(&sets[end], check))
        end++;
    return end - first > FOLD_BEYOND ? end - index - FOLD_SHOWN : 0;
}

static void
put_summary(prt_buf *out, const prt_plan *plan)
{
    prt_arena *arena = out->arena;
    size_t operations = prt_plan_operations(plan), findings = prt_plan_findings(plan, PRT_SEVERITY_INFO);
    const char *sets = prt_count_text(arena, plan->sets.length, "set");
    if (operations + findings == 0)
        prt_buf_fmt(out, "nothing to do in %s\n", sets);
    else
        prt_buf_fmt(out, "%s and %s in %s; nothing was changed\n", prt_count_text(arena, operations, "operation"),
                    prt_count_text(arena, findings, "finding"), sets);
}

void
prt_plan_text(prt_buf *out, const prt_plan *plan, const prt_text_style *style)
{
    prt_text_layout layout = layout_of(plan, out->arena);
    for (size_t i = 0; i < plan->sets.length; i++) {
        const prt_set *set = &plan->sets.items[i];
        size_t hidden = idle_tenants(plan, i, false, style);
        if (hidden > 0) {
            prt_folded_text(out, hidden, 0, style);
            i += hidden - 1;
            continue;
        }
        prt_set_text(out, set, &layout, style);
        put_operations(out, set, &layout, style);
        prt_findings_text(out, set, &layout, style);
    }
    put_summary(out, plan);
}

/* Gravest first; those of one severity in their own order. */
static const prt_finding **
by_severity(prt_arena *arena, const prt_set *set)
{
    const prt_finding **sorted = prt_arena_array(arena, set->findings.length + 1, sizeof(const prt_finding *));
    size_t length = 0;
    for (int severity = PRT_SEVERITY_ERROR; severity >= PRT_SEVERITY_INFO; severity--)
        for (size_t i = 0; i < set->findings.length; i++)
            if ((int) set->findings.items[i].severity == severity)
                sorted[length++] = &set->findings.items[i];
    return sorted;
}

static size_t
count_severity(const prt_plan *plan, prt_severity severity)
{
    size_t count = prt_plan_findings(plan, severity);
    return severity == PRT_SEVERITY_ERROR ? count : count - prt_plan_findings(plan, severity + 1);
}

void
prt_check_text(prt_buf *out, const prt_plan *plan, const prt_text_style *style)
{
    prt_arena *arena = out->arena;
    prt_text_layout layout = layout_of(plan, arena);
    for (size_t i = 0; i < plan->sets.length; i++) {
        size_t hidden = idle_tenants(plan, i, true, style);
        if (hidden > 0) {
            prt_folded_text(out, hidden, 0, style);
            i += hidden - 1;
            continue;
        }
        prt_set_text(out, &plan->sets.items[i], &layout, style);
        put_findings(out, &plan->sets.items[i], by_severity(arena, &plan->sets.items[i]), true, CHECK_COLUMN, style);
    }
    const char *sets = prt_count_text(arena, plan->sets.length, "set");
    size_t errors = count_severity(plan, PRT_SEVERITY_ERROR), warnings = count_severity(plan, PRT_SEVERITY_WARNING);
    size_t notes = count_severity(plan, PRT_SEVERITY_INFO);
    if (errors + warnings == 0)
        prt_text_put(out, style, PRT_TINT_GOOD, prt_arena_printf(arena, "all is well in %s", sets), 0);
    else
        prt_buf_fmt(out, "%s and %s in %s", prt_count_text(arena, errors, "error"),
                    prt_count_text(arena, warnings, "warning"), sets);
    if (notes > 0)
        prt_buf_fmt(out, "; %s", prt_count_text(arena, notes, "note"));
    prt_buf_char(out, '\n');
}
