/*
 * Two steps for each policy: its rows (the list as it stands, or the query's), and their ids as values of the column's
 * type. An id that is written otherwise than PostgreSQL prints it ("ACDE..." of a uuid, " 42") would find no bound.
 */
#include "pg/tenants.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/ident.h"
#include "pg/policy_query.h"
#include "pg/query.h"
#include "pg/result.h"

/* Type oids are the same in every PostgreSQL: src/include/catalog/pg_type.dat. */
enum { BOOL = 16, INT8 = 20, INT2 = 21, INT4 = 23, OID = 26, FLOAT4 = 700, FLOAT8 = 701, NUMERIC = 1700 };

/* One list of one target: its tenants, or the values of its LIST level. */
typedef struct wanted {
    const prt_spec *spec;
    const prt_table *root;
    const char *field; /* of the policy, for messages */
    const char *column;
    const prt_tenant *given;
    size_t given_length;
    const char *query;
    const char *type, *plain, *collation; /* of sql/value_columns.sql; type NULL: there is no such column */
    bool is_boolean;
    bool read;             /* `rows` are there */
    prt_tenant_list rows;  /* ids as they were given */
    prt_tenant_list *list; /* what comes of it */
} wanted;

typedef struct reader {
    prt_conn *conn;
    prt_arena *arena;
    const prt_run_options *options;
    const prt_snapshot *snapshot;
} reader;

static void
spoil(const reader *r, prt_tenant_list *list, const char *message, const char *hint)
{
    *list = (prt_tenant_list) {.error = message,
                               .hint = hint == NULL || hint[0] == '\0' ? NULL : prt_arena_strdup(r->arena, hint)};
}

/* ---- rows ---- */

static bool
fits_integer(const char *text)
{
    char *end;
    errno = 0;
    (void) strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0';
}

static prt_value_kind
kind_of(Oid type, const char *text)
{
    switch (type) {
    case BOOL:
        return PRT_VALUE_BOOLEAN;
    case INT2:
    case INT4:
    case INT8:
    case OID:
        return PRT_VALUE_INTEGER;
    case FLOAT4:
    case FLOAT8:
        return PRT_VALUE_NUMBER;
    case NUMERIC:
        return fits_integer(text) ? PRT_VALUE_INTEGER : PRT_VALUE_NUMBER;
    default:
        return PRT_VALUE_TEXT;
    }
}

static prt_tenant_field
field_of(const reader *r, const PGresult *result, int row, int column, const char *name)
{
    prt_tenant_field field = {.name = name, .text = prt_cell_text(r->arena, result, row, column)};
    if (field.text != NULL)
        field.kind = kind_of(PQftype(result, column), field.text);
    return field;
}

/* The columns' names; the last is `id` when the query has no such column: the first one's value goes there. */
static const char **
names_of(const reader *r, const PGresult *result, int *id, const char **twice)
{
    int columns = PQnfields(result);
    const char **names = prt_arena_array(r->arena, (size_t) columns + 1, sizeof *names);
    *id = columns;
    for (int i = 0; i < columns; i++) {
        names[i] = prt_arena_strdup(r->arena, PQfname(result, i));
        if (strcmp(names[i], "id") == 0)
            *id = i;
        for (int j = 0; j < i; j++)
            if (strcmp(names[j], names[i]) == 0)
                *twice = names[i];
    }
    names[columns] = "id";
    return names;
}

static void
take_rows(const reader *r, const PGresult *result, wanted *w)
{
    int id, columns = PQnfields(result);
    const char *twice = NULL, **names = names_of(r, result, &id, &twice);
    if (columns == 0 || twice != NULL) {
        spoil(r, &w->rows,
              columns == 0
                  ? prt_arena_printf(r->arena, "the query of `%s` returns no columns", w->field)
                  : prt_arena_printf(r->arena, "the query of `%s` returns two columns named \"%s\"", w->field, twice),
              columns == 0 ? "write SELECT ..." : "give one of them another name: AS ...");
        return;
    }
    int source = id == columns ? 0 : id, width = id == columns ? columns + 1 : columns;
    w->rows.items = prt_arena_array(r->arena, (size_t) PQntuples(result), sizeof *w->rows.items);
    for (int row = 0; row < PQntuples(result); row++) {
        if (PQgetisnull(result, row, source))
            continue;
        prt_tenant tenant = {.fields_length = (size_t) width};
        tenant.fields = prt_arena_array(r->arena, (size_t) width, sizeof *tenant.fields);
        for (int i = 0; i < width; i++)
            tenant.fields[i] = field_of(r, result, row, i == columns ? 0 : i, names[i]);
        tenant.id = tenant.fields[id].text;
        w->rows.items[w->rows.length++] = tenant;
    }
}

static bool
read_rows(const reader *r, wanted *w, prt_error *err)
{
    w->read = true;
    if (w->query == NULL) {
        w->rows.length = w->given_length;
        w->rows.items = prt_arena_array(r->arena, w->given_length, sizeof *w->rows.items);
        for (size_t i = 0; i < w->given_length; i++)
            w->rows.items[i] = w->given[i];
        return true;
    }
    PGresult *result = NULL;
    prt_error why = {0};
    if (prt_policy_query(r->conn, w->spec, r->options, w->query, 0, NULL, &result, &why))
        take_rows(r, result, w);
    else if (prt_ends_the_run(&why)) {
        *err = why;
        return false;
    } else
        spoil(r, &w->rows, prt_arena_printf(r->arena, "the query of `%s` fails: %s", w->field, why.message), why.hint);
    PQclear(result);
    return true;
}

/* ---- ids ---- */

/*
 * format's %s prints as bounds are printed, where a cast to text would take the blanks from the end of a char(n); bounds
 * of booleans say true and false, and there the cast is right. Values that are equal without being written alike (1 and 1.0,
 * "Acme" and "ACME" under some collations) are one tenant: they are all printed as the first of them. A window compares as
 * the partitions do; an operator would have to be on the search_path.
 */
static const char *
cast_sql(const reader *r, const wanted *w)
{
    const char *value = prt_arena_printf(r->arena, "v.id::%s", w->type), *whole = "true";
    const char *first = prt_arena_printf(
        r->arena, "(pg_catalog.first_value(%s) OVER (PARTITION BY %s%s%s ORDER BY v.place))", value, value,
        w->collation == NULL ? "" : " COLLATE ", w->collation == NULL ? "" : w->collation);
    const char *text = prt_arena_printf(r->arena, w->is_boolean ? "%s::text" : "pg_catalog.format('%%s', %s)", first);
    if (w->plain != NULL)
        whole = prt_arena_printf(r->arena, "v.id::%s = %s", w->plain, value);
    return prt_arena_printf(r->arena,
                            "SELECT %s, %s FROM unnest($1::text[]) WITH ORDINALITY AS v (id, place) ORDER BY v.place",
                            text, whole);
}

static const char *
of_column(const reader *r, const wanted *w)
{
    return prt_arena_printf(r->arena, "column %s of type %s", prt_ident_display(r->arena, NULL, w->column), w->type);
}

/* The tenant with this id, also in its row where that is a text; an integer stays the integer it is. The row is a copy:
 * other tables of the policy, whose column is of another type, have their own. */
static prt_tenant
with_id(const reader *r, const prt_tenant *given, const char *id)
{
    prt_tenant tenant = {.id = id, .fields_length = given->fields_length};
    tenant.fields = prt_arena_array(r->arena, given->fields_length, sizeof *tenant.fields);
    for (size_t i = 0; i < given->fields_length; i++) {
        tenant.fields[i] = given->fields[i];
        if (strcmp(tenant.fields[i].name, "id") == 0 && tenant.fields[i].kind == PRT_VALUE_TEXT)
            tenant.fields[i].text = id;
    }
    return tenant;
}

static void
take_ids(const reader *r, const PGresult *result, wanted *w)
{
    prt_tenant_list *list = w->list;
    list->items = prt_arena_array(r->arena, w->rows.length, sizeof *list->items);
    list->length = w->rows.length;
    for (size_t i = 0; i < list->length; i++) {
        const prt_tenant *given = &w->rows.items[i];
        if (!prt_cell_bool(result, (int) i, 1)) {
            spoil(r, list,
                  prt_arena_printf(r->arena, "`%s` has the id \"%.*s\", which %s cannot hold as it is", w->field,
                                   (int) prt_utf8_cut(given->id, 100), given->id, of_column(r, w)),
                  "correct the id, or the column's type");
            return;
        }
        list->items[i] = with_id(r, given, prt_cell_text(r->arena, result, (int) i, 0));
    }
}

typedef struct entry {
    prt_tenant tenant;
    size_t place;
} entry;

static int
compare_entries(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    int order = strcmp(x->tenant.id, y->tenant.id);
    return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

/* Sorted by id; of an id that is there twice the first stays. */
static void
sort(const reader *r, const wanted *w, prt_tenant_list *list)
{
    size_t kept = 0;
    entry *entries = prt_arena_array(r->arena, list->length, sizeof *entries);
    for (size_t i = 0; i < list->length; i++)
        entries[i] = (entry) {.tenant = list->items[i], .place = i};
    if (list->length > 1)
        qsort(entries, list->length, sizeof *entries, compare_entries);
    for (size_t i = 0; i < list->length; i++) {
        if (kept > 0 && strcmp(list->items[kept - 1].id, entries[i].tenant.id) == 0) {
            const prt_field fields[] = {
                {"policy", w->spec->name}, {"field", w->field}, {"id", entries[i].tenant.id}, {NULL, NULL}};
            prt_log_write(r->options->log, PRT_WARNING, "an id is there twice: the first one counts", fields);
            continue;
        }
        list->items[kept++] = entries[i].tenant;
    }
    list->length = kept;
}

static bool
cast_ids(const reader *r, wanted *w, prt_error *err)
{
    size_t length = w->rows.length;
    if (length == 0)
        return true;
    const char **ids = prt_arena_array(r->arena, length, sizeof *ids);
    for (size_t i = 0; i < length; i++)
        ids[i] = w->rows.items[i].id;
    const char *const values[] = {prt_array_texts(r->arena, ids, length)};
    PGresult *result = NULL;
    prt_error why = {0};
    if (prt_policy_query(r->conn, w->spec, r->options, cast_sql(r, w), 1, values, &result, &why))
        take_ids(r, result, w);
    else if (prt_ends_the_run(&why)) {
        *err = why;
        return false;
    } else
        spoil(r, w->list,
              prt_arena_printf(r->arena, "`%s` has an id that is no value of %s: %s", w->field, of_column(r, w),
                               why.message),
              why.hint[0] != '\0' ? why.hint : "return the very values that the column holds");
    PQclear(result);
    if (w->list->error == NULL)
        sort(r, w, w->list);
    return true;
}

/* ---- bounds ---- */

/* What the bounds of one list's tables say of its column. */
typedef struct bounds {
    const reader *r;
    const wanted *w;
    PRT_VEC(prt_datum *) odd; /* values that are written otherwise than any id */
    PRT_VEC(struct bounds_marker {
        prt_marker *marker;
        prt_bound bound;
    })
    markers;    /* of waiting tables, with such values */
    bool spans; /* there are partitions of several tenants, and only the server knows the order of such values */
} bounds;

static bool
collect(bounds *b, prt_datum *datum)
{
    bool odd = datum->kind == PRT_DATUM_VALUE && prt_tenant_find(b->w->list, datum->text) == NULL;
    if (odd)
        prt_vec_push(b->r->arena, &b->odd, datum); /* NOLINT(bugprone-sizeof-expression): addresses */
    return odd;
}

/* What was detached from a RANGE (tenant, time) table has its bound in its comment. */
static void
collect_waiting(bounds *b, const prt_table *table)
{
    const prt_snapshot *snapshot = b->r->snapshot;
    for (size_t i = 0; i < snapshot->waiting_length; i++) {
        prt_marker *m = &snapshot->waiting[i].marker;
        struct bounds_marker it = {.marker = m};
        prt_error ignored = {0};
        if (strcmp(m->parent_name, table->name) != 0 || strcmp(m->parent_schema, table->schema) != 0 ||
            m->from == NULL || m->to == NULL ||
            !prt_bound_parse(b->r->arena, prt_arena_printf(b->r->arena, "FOR VALUES FROM (%s) TO (%s)", m->from, m->to),
                             &it.bound, &ignored) ||
            it.bound.kind != PRT_BOUND_RANGE || it.bound.length < 2)
            continue;
        bool odd = collect(b, &it.bound.from[0]);
        if (collect(b, &it.bound.to[0]) || odd)
            prt_vec_push(b->r->arena, &b->markers, it);
    }
}

static void
collect_below(bounds *b, const prt_table *table)
{
    const prt_parent *parent = table->parent;
    if (parent == NULL)
        return;
    bool by_it = parent->columns > 0 && parent->key[0].name != NULL && strcmp(parent->key[0].name, b->w->column) == 0;
    for (size_t i = 0; i < parent->children_length; i++) {
        const prt_bound *bound = &parent->children[i]->bound;
        bool readable = by_it && parent->children[i]->bound_error == NULL;
        for (size_t v = 0; readable && bound->kind == PRT_BOUND_LIST && v < bound->length; v++)
            collect(b, &bound->values[v]);
        if (readable && bound->kind == PRT_BOUND_RANGE && bound->length > 1) {
            const prt_datum *from = &bound->from[0], *to = &bound->to[0];
            collect(b, &bound->from[0]);
            collect(b, &bound->to[0]);
            b->spans = b->spans || from->kind != PRT_DATUM_VALUE || to->kind != PRT_DATUM_VALUE ||
                       strcmp(from->text, to->text) != 0;
        }
        collect_below(b, parent->children[i]);
    }
    if (by_it && parent->strategy == 'r' && parent->columns > 1)
        collect_waiting(b, table);
}

/* The marker's end with the tenant as the list spells it. */
static void
spell_end(const bounds *b, const prt_datum *datum, const char **end)
{
    size_t length = datum->kind == PRT_DATUM_VALUE ? strlen(datum->sql) : 0;
    if (length > 0 && prt_tenant_find(b->w->list, datum->text) != NULL && strncmp(*end, datum->sql, length) == 0)
        *end = prt_arena_printf(b->r->arena, "%s%s", prt_literal_quote(b->r->arena, datum->text), *end + length);
}

/*
 * Values of bounds that equal an id get its spelling: the planner compares texts, and would take the partitions of a tenant
 * for those of one that nobody knows. Only the text; the SQL of a bound stays as PostgreSQL printed it.
 */
static bool
spell(const bounds *b, const char **ids, size_t *length, prt_error *err)
{
    const reader *r = b->r;
    size_t *place = prt_arena_array(r->arena, b->odd.length, sizeof *place);
    for (size_t i = 0; i < b->odd.length; i++) { /* both ends of a bound, and neighbours, are mostly the same */
        if (i == 0 || strcmp(b->odd.items[i]->text, b->odd.items[i - 1]->text) != 0)
            ids[(*length)++] = b->odd.items[i]->text;
        place[i] = *length - 1;
    }
    const char *const values[] = {prt_array_texts(r->arena, ids, *length)};
    PGresult *result = NULL;
    if (!prt_policy_query(r->conn, b->w->spec, r->options, cast_sql(r, b->w), 1, values, &result, err))
        return false;
    for (size_t i = 0; i < b->odd.length; i++)
        b->odd.items[i]->text = ids[place[i]] = prt_cell_text(r->arena, result, (int) place[i], 0);
    PQclear(result);
    for (size_t i = 0; i < b->markers.length; i++) {
        struct bounds_marker *it = &b->markers.items[i];
        spell_end(b, &it->bound.from[0], &it->marker->from);
        spell_end(b, &it->bound.to[0], &it->marker->to);
    }
    return true;
}

/* All ids in the order of the column, for partitions that reach from one of them to another. */
static bool
put_in_order(const bounds *b, wanted *w, const char *const *ids, size_t length, prt_error *err)
{
    const reader *r = b->r;
    const char *sql = prt_arena_printf(r->arena, "SELECT v.id FROM unnest($1::text[]) AS v (id) ORDER BY v.id::%s%s%s",
                                       w->type, w->collation == NULL ? "" : " COLLATE ",
                                       w->collation == NULL ? "" : w->collation);
    const char *const values[] = {prt_array_texts(r->arena, ids, length)};
    PGresult *result = NULL;
    if (!prt_policy_query(r->conn, w->spec, r->options, sql, 1, values, &result, err))
        return false;
    prt_tenant_list *list = PRT_NEW(r->arena, prt_tenant_list); /* other tables share the one at hand */
    const char **order = prt_arena_array(r->arena, length, sizeof *order);
    *list = *w->list;
    for (size_t i = 0; i < length; i++)
        order[i] = prt_cell_text(r->arena, result, (int) i, 0);
    PQclear(result);
    list->order = order;
    list->order_length = length;
    w->list = list;
    return true;
}

static bool
read_bounds(const reader *r, wanted *w, prt_error *err)
{
    bounds b = {.r = r, .w = w};
    collect_below(&b, w->root);
    size_t length = w->list->length;
    const char **ids = prt_arena_array(r->arena, length + b.odd.length + 1, sizeof *ids);
    for (size_t i = 0; i < length; i++)
        ids[i] = w->list->items[i].id;
    return (b.odd.length == 0 || spell(&b, ids, &length, err)) &&
           (!b.spans || length == 0 || put_in_order(&b, w, ids, length, err));
}

static bool
settle_bounds(const reader *r, wanted *w, prt_error *err)
{
    prt_error why = {0};
    if (w->list->error != NULL || read_bounds(r, w, &why))
        return true;
    if (prt_ends_the_run(&why)) {
        *err = why;
        return false;
    }
    prt_tenant_list *list = PRT_NEW(r->arena, prt_tenant_list); /* other tables share the one at hand */
    spoil(r, list,
          prt_arena_printf(r->arena, "the ids of `%s` cannot be compared with the partitions' bounds: %s", w->field,
                           why.message),
          why.hint);
    w->list = list;
    return true;
}

/* ---- all of them ---- */

static wanted
wanted_of(const prt_spec *spec, const prt_table *root, bool sub)
{
    const prt_tenant_spec *t = &spec->tenant;
    const prt_sub_spec *s = &spec->subpartition;
    if (!sub)
        return (wanted) {.spec = spec,
                         .root = root,
                         .field = "tenant.values",
                         .column = t->key,
                         .given = t->list,
                         .given_length = t->list_length,
                         .query = t->query};
    return (wanted) {.spec = spec,
                     .root = root,
                     .field = "subpartition.values",
                     .column = s->kind == PRT_SUB_LIST ? s->column : NULL,
                     .given = s->list,
                     .given_length = s->list_length,
                     .query = s->query};
}

static bool
same_type(const wanted *a, const wanted *b)
{
    const char *x = a->collation == NULL ? "" : a->collation, *y = b->collation == NULL ? "" : b->collation;
    return a->type != NULL && b->type != NULL && strcmp(a->type, b->type) == 0 && strcmp(x, y) == 0;
}

/* The last one before all[i] of the same policy and field: a policy's tables are neighbours. */
static wanted *
sibling(wanted *all, size_t i, bool of_type)
{
    for (size_t j = i; j-- > 0 && all[j].spec == all[i].spec;)
        if (all[j].list != NULL && (of_type ? same_type(&all[j], &all[i]) : all[j].read))
            return &all[j];
    return NULL;
}

static bool
read_list(const reader *r, wanted *all, size_t i, prt_error *err)
{
    wanted *w = &all[i];
    wanted *before = sibling(all, i, true);
    if (before != NULL) {
        w->list = before->list;
        return true;
    }
    before = sibling(all, i, false);
    w->list = PRT_NEW(r->arena, prt_tenant_list);
    if (w->type == NULL) {
        spoil(r, w->list,
              prt_arena_printf(r->arena, "the table has no column %s", prt_ident_display(r->arena, NULL, w->column)),
              prt_arena_printf(r->arena, "correct the policy's `%s`",
                               w->column == w->spec->tenant.key ? "tenant.key" : "subpartition.list"));
        return true;
    }
    if (before != NULL) {
        w->rows = before->rows;
        w->read = true;
    } else if (!read_rows(r, w, err))
        return false;
    if (w->rows.error != NULL) {
        *w->list = w->rows;
        return true;
    }
    return cast_ids(r, w, err);
}

static bool
read_types(const reader *r, wanted *all, size_t length, prt_error *err)
{
    size_t n = 0;
    uint32_t *oids = prt_arena_array(r->arena, length, sizeof *oids);
    const char **columns = prt_arena_array(r->arena, length, sizeof *columns);
    wanted **asked = prt_arena_array(r->arena, length, sizeof(wanted *));
    for (size_t i = 0; i < length; i++) {
        if (all[i].column == NULL)
            continue;
        oids[n] = all[i].root->oid;
        columns[n] = all[i].column;
        asked[n++] = &all[i];
    }
    const char *const values[] = {prt_array_oids(r->arena, oids, n), prt_array_texts(r->arena, columns, n)};
    PGresult *result = NULL;
    if (!prt_query_file(r->conn, "value_columns", 2, values, &result, err))
        return false;
    for (int row = 0; row < PQntuples(result); row++) {
        wanted *w = asked[prt_cell_int(result, row, 0, 1) - 1];
        w->type = prt_cell_text(r->arena, result, row, 1);
        w->plain = prt_cell_text(r->arena, result, row, 2);
        w->is_boolean = prt_cell_bool(result, row, 3);
        w->collation = prt_cell_text(r->arena, result, row, 4);
    }
    PQclear(result);
    return true;
}

/* NULL where no target has such a list. */
static bool
read_lists(const reader *r, wanted *all, size_t length, const prt_tenant_list ***out, prt_error *err)
{
    for (size_t i = 0; i < length; i++) {
        if (all[i].column == NULL)
            continue;
        if (!read_list(r, all, i, err) || !settle_bounds(r, &all[i], err))
            return false;
        if (*out == NULL)
            *out = prt_arena_array(r->arena, length, sizeof(const prt_tenant_list *));
        (*out)[i] = all[i].list;
    }
    return true;
}

bool
prt_tenants_read(prt_conn *conn, prt_arena *arena, const prt_targets *targets, const prt_run_options *options,
                 prt_snapshot *snapshot, prt_error *err)
{
    const reader r = {.conn = conn, .arena = arena, .options = options, .snapshot = snapshot};
    size_t length = targets->length, columns = 0;
    wanted *all = prt_arena_array(arena, 2 * length, sizeof *all);
    for (size_t i = 0; i < length; i++) {
        all[i] = wanted_of(targets->specs[i], snapshot->roots[i], false);
        all[length + i] = wanted_of(targets->specs[i], snapshot->roots[i], true);
        columns += (all[i].column != NULL) + (all[length + i].column != NULL);
    }
    return columns == 0 ||
           (read_types(&r, all, 2 * length, err) && read_lists(&r, all, length, &snapshot->tenants, err) &&
            read_lists(&r, all + length, length, &snapshot->sub_values, err));
}
