#include "model/render_definition.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/vec.h"
#include "model/ident.h"
#include "model/render_parts.h"

static const char proof[] = "partrun_bound"; /* the CHECK that stands in for ATTACH's scan */

typedef struct rebuilder {
    prt_arena *arena;
    const prt_rebuild *r;
    const char *table; /* qualified and quoted */
    bool whole;
    PRT_VEC(prt_rebuild_step) out;
} rebuilder;

static rebuilder
start(prt_arena *arena, const prt_rebuild *r)
{
    return (rebuilder) {
        .arena = arena, .r = r, .table = prt_ident_qualify(arena, r->schema, r->name), .whole = prt_rebuild_whole(r)};
}

static prt_rebuild_steps
finish(const rebuilder *b)
{
    return (prt_rebuild_steps) {b->out.items, b->out.length};
}

static void
step(rebuilder *b, bool optional, const char *what, const char *sql)
{
    prt_rebuild_step item = {.sql = sql, .what = what, .optional = optional};
    prt_vec_push(b->arena, &b->out, item);
}

static bool
listed(const char *const *columns, const char *name)
{
    for (; *columns != NULL; columns++)
        if (strcmp(*columns, name) == 0)
            return true;
    return false;
}

/* Also a generated column that somebody has archived: its values then come back as they were. */
static bool
comes_back(const prt_rebuild *r, const prt_definition_column *column)
{
    return r->columns == NULL ? column->generated == NULL : listed(r->columns, column->name);
}

bool
prt_rebuild_whole(const prt_rebuild *r)
{
    for (size_t i = 0; i < r->definition->columns_length; i++)
        if (r->definition->columns[i].generated == NULL && !comes_back(r, &r->definition->columns[i]))
            return false;
    return true;
}

/* Whether the new table has this column. */
static bool
has_column(const rebuilder *b, const prt_definition_column *column)
{
    return comes_back(b->r, column) || (column->generated != NULL && b->whole);
}

/* ------------------------------------------------------------------------------------------------ before the rows */

static const char *
column_text(const rebuilder *b, const prt_definition_column *c)
{
    prt_buf text;
    prt_buf_init(&text, b->arena);
    prt_buf_fmt(&text, "%s %s", prt_ident_quote(b->arena, c->name), c->type);
    if (c->collation != NULL)
        prt_buf_fmt(&text, " COLLATE %s", c->collation);
    if (c->generated != NULL && !comes_back(b->r, c))
        prt_buf_fmt(&text, " GENERATED ALWAYS AS (%s) %s", c->expression, c->generated);
    if (c->not_null)
        prt_buf_str(&text, " NOT NULL");
    return text.data;
}

static void
put_table(rebuilder *b)
{
    const prt_definition *d = b->r->definition;
    prt_buf sql;
    size_t n = 0;
    prt_buf_init(&sql, b->arena);
    prt_buf_fmt(&sql, "CREATE %sTABLE %s (", d->unlogged ? "UNLOGGED " : "", b->table);
    for (size_t i = 0; i < d->columns_length; i++)
        if (has_column(b, &d->columns[i]))
            prt_buf_fmt(&sql, "%s%s", n++ == 0 ? "" : ", ", column_text(b, &d->columns[i]));
    prt_buf_char(&sql, ')');
    for (size_t i = 0; i < d->storage_length; i++)
        prt_buf_fmt(&sql, "%s%s = %s", i == 0 ? " WITH (" : ", ", prt_storage_name(b->arena, d->storage[i].name),
                    prt_literal_quote(b->arena, d->storage[i].value));
    if (d->storage_length > 0)
        prt_buf_char(&sql, ')');
    step(b, false, "the table", sql.data);
}

static void
put_column_option(rebuilder *b, const prt_definition_column *c, const char *option)
{
    step(b, true, prt_arena_printf(b->arena, "the storage of column %s", c->name),
         prt_arena_printf(b->arena, "ALTER TABLE %s ALTER COLUMN %s SET %s", b->table,
                          prt_ident_quote(b->arena, c->name), option));
}

static void
put_column_options(rebuilder *b)
{
    const prt_definition *d = b->r->definition;
    for (size_t i = 0; i < d->columns_length; i++) {
        const prt_definition_column *c = &d->columns[i];
        if (!has_column(b, c))
            continue;
        if (c->storage != NULL)
            put_column_option(b, c, prt_arena_printf(b->arena, "STORAGE %s", c->storage));
        if (c->compression != NULL)
            put_column_option(b, c, prt_arena_printf(b->arena, "COMPRESSION %s", c->compression));
        if (c->statistics >= 0)
            put_column_option(b, c, prt_arena_printf(b->arena, "STATISTICS %" PRId64, c->statistics));
    }
}

static bool
is_kind(const prt_definition_part *part, const char *kind)
{
    return part->kind != NULL && strcmp(part->kind, kind) == 0;
}

static void
put_constraint(rebuilder *b, const prt_definition_part *part, bool named)
{
    const char *name = named ? prt_arena_printf(b->arena, "CONSTRAINT %s ", prt_ident_quote(b->arena, part->name)) : "";
    step(b, !b->whole, prt_arena_printf(b->arena, "the constraint %s", part->name),
         prt_arena_printf(b->arena, "ALTER TABLE %s ADD %s%s", b->table, name, part->definition));
    if (named && part->comment != NULL)
        step(b, true, "a comment",
             prt_arena_printf(b->arena, "COMMENT ON CONSTRAINT %s ON %s IS %s", prt_ident_quote(b->arena, part->name),
                              b->table, prt_literal_quote(b->arena, part->comment)));
}

prt_rebuild_steps
prt_rebuild_before(prt_arena *arena, const prt_rebuild *r)
{
    rebuilder b = start(arena, r);
    put_table(&b);
    put_column_options(&b);
    for (size_t i = 0; i < r->definition->constraints.length; i++) {
        const prt_definition_part *part = &r->definition->constraints.items[i];
        if (is_kind(part, "check") && part->valid)
            put_constraint(&b, part, true);
    }
    return finish(&b);
}

/* NOT NULL as a constraint with a state of its own came with 18; before, such a column just takes NULLs. */
prt_rebuild_steps
prt_rebuild_unproven(prt_arena *arena, const prt_rebuild *r)
{
    rebuilder b = start(arena, r);
    for (size_t i = 0; i < r->definition->constraints.length; i++) {
        const prt_definition_part *part = &r->definition->constraints.items[i];
        if (!part->valid && (is_kind(part, "check") || (is_kind(part, "not null") && r->server_version >= 180000)))
            put_constraint(&b, part, true);
    }
    return finish(&b);
}

/* ------------------------------------------------------------------------------------------------- after the rows */

static void
put_default(rebuilder *b, const prt_definition_column *c)
{
    step(b, true, prt_arena_printf(b->arena, "the default of column %s", c->name),
         prt_arena_printf(b->arena, "ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s", b->table,
                          prt_ident_quote(b->arena, c->name), c->default_sql));
}

/* The sequence of a column of `owner` goes on behind the values that came back; never backwards. */
static void
put_sequence_value(rebuilder *b, const char *owner, const char *name)
{
    const char *column = prt_ident_quote(b->arena, name);
    step(b, true, prt_arena_printf(b->arena, "the sequence of column %s", name),
         prt_arena_printf(
             b->arena,
             "SELECT pg_catalog.setval(s.seqrelid, CASE WHEN s.seqincrement > 0"
             " THEN LEAST(GREATEST(v.highest, l.last, s.seqmin), s.seqmax)"
             " ELSE GREATEST(LEAST(v.lowest, l.last, s.seqmax), s.seqmin) END)"
             " FROM (SELECT pg_catalog.max(%s)::bigint AS highest, pg_catalog.min(%s)::bigint AS lowest FROM %s) v,"
             " pg_catalog.pg_sequence s, LATERAL (SELECT pg_catalog.pg_sequence_last_value(s.seqrelid) AS last) l"
             " WHERE v.highest IS NOT NULL"
             " AND s.seqrelid = pg_catalog.pg_get_serial_sequence(%s, %s)::pg_catalog.regclass",
             column, column, b->table, prt_literal_quote(b->arena, owner), prt_literal_quote(b->arena, name)));
}

static void
put_identity(rebuilder *b, const prt_definition_column *c)
{
    const prt_definition_sequence *s = &c->sequence;
    const char *options = "";
    if (c->has_sequence)
        options = prt_arena_printf(b->arena,
                                   " (START WITH %" PRId64 " INCREMENT BY %" PRId64 " MINVALUE %" PRId64
                                   " MAXVALUE %" PRId64 " CACHE %" PRId64 " %s)",
                                   s->start, s->increment, s->minimum, s->maximum, s->cache,
                                   s->cycle ? "CYCLE" : "NO CYCLE");
    step(b, false, prt_arena_printf(b->arena, "the identity of column %s", c->name),
         prt_arena_printf(b->arena, "ALTER TABLE %s ALTER COLUMN %s ADD GENERATED %s AS IDENTITY%s", b->table,
                          prt_ident_quote(b->arena, c->name), c->identity, options));
}

static void
put_sequence_values(rebuilder *b)
{
    const prt_definition *d = b->r->definition;
    for (size_t i = 0; i < d->columns_length; i++)
        if (d->columns[i].identity != NULL && comes_back(b->r, &d->columns[i]) && !b->r->attach)
            put_sequence_value(b, b->table, d->columns[i].name);
}

static void
put_column_values(rebuilder *b)
{
    const prt_definition *d = b->r->definition;
    for (size_t i = 0; i < d->columns_length; i++) {
        const prt_definition_column *c = &d->columns[i];
        if (!has_column(b, c))
            continue;
        if (c->default_sql != NULL)
            put_default(b, c);
        if (c->identity != NULL && !b->r->attach)
            put_identity(b, c);
    }
}

/* Indexes share their names with the tables of their schema. */
static bool
name_is_free(const rebuilder *b, const char *name)
{
    return b->r->taken != NULL && !b->r->taken(b->r->taken_data, name);
}

static void
put_index(rebuilder *b, const prt_definition_part *index)
{
    bool named = name_is_free(b, index->name);
    const char *name = named ? prt_ident_quote(b->arena, index->name) : "";
    step(b, !b->whole, prt_arena_printf(b->arena, "the index %s", index->name),
         prt_arena_printf(b->arena, "CREATE %sINDEX %s%sON %s %s", index->unique ? "UNIQUE " : "", name,
                          named ? " " : "", b->table, index->definition));
    if (named && index->comment != NULL)
        step(b, true, "a comment",
             prt_arena_printf(b->arena, "COMMENT ON INDEX %s IS %s",
                              prt_ident_qualify(b->arena, b->r->schema, index->name),
                              prt_literal_quote(b->arena, index->comment)));
}

static void
put_keys(rebuilder *b)
{
    const prt_definition *d = b->r->definition;
    for (size_t i = 0; i < d->constraints.length; i++) {
        const prt_definition_part *part = &d->constraints.items[i];
        if (is_kind(part, "primary key") || is_kind(part, "unique") || is_kind(part, "exclude"))
            put_constraint(b, part, name_is_free(b, part->name));
    }
    for (size_t i = 0; i < d->indexes.length; i++)
        put_index(b, &d->indexes.items[i]);
}

static void
put_comments(rebuilder *b)
{
    const prt_definition *d = b->r->definition;
    if (d->comment != NULL)
        step(
            b, true, "the comment",
            prt_arena_printf(b->arena, "COMMENT ON TABLE %s IS %s", b->table, prt_literal_quote(b->arena, d->comment)));
    for (size_t i = 0; i < d->columns_length; i++)
        if (d->columns[i].comment != NULL && has_column(b, &d->columns[i]))
            step(b, true, "a comment",
                 prt_arena_printf(b->arena, "COMMENT ON COLUMN %s.%s IS %s", b->table,
                                  prt_ident_quote(b->arena, d->columns[i].name),
                                  prt_literal_quote(b->arena, d->columns[i].comment)));
}

prt_rebuild_steps
prt_rebuild_after(prt_arena *arena, const prt_rebuild *r)
{
    rebuilder b = start(arena, r);
    const prt_definition *d = r->definition;
    put_column_values(&b);
    put_keys(&b);
    put_sequence_values(&b);
    if (d->replica_identity != NULL)
        step(&b, true, "the replica identity",
             prt_arena_printf(arena, "ALTER TABLE %s REPLICA IDENTITY %s", b.table, d->replica_identity));
    put_comments(&b);
    return finish(&b);
}

/* ------------------------------------------------------------------------------------------- attachment, and rows */

const char *
prt_rebuild_attach(prt_arena *arena, const prt_rebuild *r, const char *parent_schema, const char *parent_name,
                   const char *bound)
{
    return prt_arena_printf(arena, "ALTER TABLE %s ATTACH PARTITION %s %s",
                            prt_ident_qualify(arena, parent_schema, parent_name),
                            prt_ident_qualify(arena, r->schema, r->name), bound);
}

prt_rebuild_steps
prt_rebuild_owner(prt_arena *arena, const prt_rebuild *r)
{
    rebuilder b = start(arena, r);
    if (r->owner != NULL && (r->user == NULL || strcmp(r->owner, r->user) != 0))
        step(&b, true, "the owner",
             prt_arena_printf(arena, "ALTER TABLE %s OWNER TO %s", b.table, prt_ident_quote(arena, r->owner)));
    return finish(&b);
}

static bool
counts(const prt_definition_column *c)
{
    return (c->identity != NULL || c->default_sql != NULL) &&
           (strcmp(c->type, "bigint") == 0 || strcmp(c->type, "integer") == 0 || strcmp(c->type, "smallint") == 0);
}

prt_rebuild_steps
prt_rebuild_advance(prt_arena *arena, const prt_rebuild *r, const char *parent_schema, const char *parent_name,
                    const prt_definition *parent)
{
    rebuilder b = start(arena, r);
    for (size_t i = 0; i < parent->columns_length; i++)
        if (counts(&parent->columns[i]))
            put_sequence_value(&b, prt_ident_qualify(arena, parent_schema, parent_name), parent->columns[i].name);
    return finish(&b);
}

const char *
prt_rebuild_prove(prt_arena *arena, const prt_rebuild *r, const char *condition)
{
    return prt_arena_printf(arena, "ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s)",
                            prt_ident_qualify(arena, r->schema, r->name), proof, condition);
}

const prt_definition_part *
prt_rebuild_detached_check(prt_arena *arena, const prt_rebuild *r, const char *condition)
{
    const char *definition = prt_arena_printf(arena, "CHECK (%s)", condition);
    const prt_definition_parts *all = &r->definition->constraints;
    for (size_t i = 0; i < all->length; i++)
        if (is_kind(&all->items[i], "check") && all->items[i].valid &&
            strcmp(all->items[i].definition, definition) == 0)
            return &all->items[i];
    return NULL;
}

const char *
prt_rebuild_drop_check(prt_arena *arena, const prt_rebuild *r, const prt_definition_part *check)
{
    return prt_arena_printf(arena, "ALTER TABLE %s DROP CONSTRAINT %s", prt_ident_qualify(arena, r->schema, r->name),
                            prt_ident_quote(arena, check->name));
}

const char *
prt_rebuild_proven(prt_arena *arena, const prt_rebuild *r)
{
    return prt_arena_printf(arena, "ALTER TABLE %s DROP CONSTRAINT %s", prt_ident_qualify(arena, r->schema, r->name),
                            proof);
}

/* From 15 on the header line has to name these very columns; before, it is passed over. */
const char *
prt_rebuild_copy(prt_arena *arena, const prt_rebuild *r, const char *format)
{
    prt_buf columns;
    size_t n = 0;
    prt_buf_init(&columns, arena);
    for (const char *const *column = r->columns; column != NULL && *column != NULL; column++)
        prt_buf_fmt(&columns, "%s%s", n++ == 0 ? "" : ", ", prt_ident_quote(arena, *column));
    for (size_t i = 0; r->columns == NULL && i < r->definition->columns_length; i++)
        if (comes_back(r, &r->definition->columns[i]))
            prt_buf_fmt(&columns, "%s%s", n++ == 0 ? "" : ", ", prt_ident_quote(arena, r->definition->columns[i].name));
    const char *options = strcmp(format, "copy") == 0   ? "FORMAT binary"
                          : r->server_version >= 150000 ? "FORMAT csv, HEADER match"
                                                        : "FORMAT csv, HEADER true";
    return prt_arena_printf(arena, "COPY %s%s FROM STDIN WITH (%s, ENCODING 'UTF8')",
                            prt_ident_qualify(arena, r->schema, r->name),
                            n == 0 ? "" : prt_arena_printf(arena, " (%s)", columns.data), options);
}
