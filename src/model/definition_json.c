/* A definition from its JSON (the shape is described in pg/definition.h). */
#include <string.h>
#include <strings.h>

#include "model/definition.h"
#include "model/sql_fragment.h"

static bool
wrong(prt_error *err, const char *list, const char *member)
{
    return prt_fail(err, PRT_ERR_VALUE, "the definition cannot be read: %s%s%s", list, list[0] != '\0' ? ": " : "",
                    member);
}

/* A member's text; NULL when it is not there. */
static bool
read_text(prt_arena *arena, const json_t *json, const char *list, const char *key, const char **out, prt_error *err)
{
    const json_t *value = json_object_get(json, key);
    *out = prt_arena_strdup(arena, json_string_value(value));
    return *out != NULL || value == NULL || json_is_null(value) || wrong(err, list, key);
}

static bool
read_name(prt_arena *arena, const json_t *json, const char *list, const char **out, prt_error *err)
{
    return read_text(arena, json, list, "name", out, err) &&
           ((*out != NULL && (*out)[0] != '\0') || wrong(err, list, "name"));
}

/* A piece of SQL. */
static bool
read_sql(prt_arena *arena, const json_t *json, const char *list, const char *key, const char **out, prt_error *err)
{
    return read_text(arena, json, list, key, out, err) &&
           (*out == NULL || (prt_sql_fragment_ok(*out) && (*out)[0] != '\0') || wrong(err, list, key));
}

/* One of these words, as it is written in SQL. */
static bool
read_word(const json_t *json, const char *list, const char *key, const char *const *words, const char **out,
          prt_error *err)
{
    const json_t *value = json_object_get(json, key);
    *out = NULL;
    if (value == NULL || json_is_null(value))
        return true;
    for (; *words != NULL; words++)
        if (json_is_string(value) && strcasecmp(json_string_value(value), *words) == 0)
            *out = *words;
    return *out != NULL || wrong(err, list, key);
}

static bool
read_flag(const json_t *json, const char *list, const char *key, bool otherwise, bool *out, prt_error *err)
{
    const json_t *value = json_object_get(json, key);
    *out = value == NULL ? otherwise : json_is_true(value);
    return value == NULL || json_is_boolean(value) || wrong(err, list, key);
}

static bool
read_number(const json_t *json, const char *list, const char *key, int64_t otherwise, int64_t *out, prt_error *err)
{
    const json_t *value = json_object_get(json, key);
    *out = value == NULL ? otherwise : json_integer_value(value);
    return value == NULL || json_is_integer(value) || wrong(err, list, key);
}

static bool
read_sequence(const json_t *json, prt_definition_column *out, prt_error *err)
{
    static const char list[] = "sequence";
    prt_definition_sequence *s = &out->sequence;
    out->has_sequence = json != NULL;
    if (json == NULL)
        return true;
    return (json_is_object(json) || wrong(err, list, "object")) &&
           read_number(json, list, "start", 1, &s->start, err) &&
           read_number(json, list, "increment", 1, &s->increment, err) &&
           read_number(json, list, "minimum", 1, &s->minimum, err) &&
           read_number(json, list, "maximum", INT64_MAX, &s->maximum, err) &&
           read_number(json, list, "cache", 1, &s->cache, err) && read_flag(json, list, "cycle", false, &s->cycle, err);
}

static bool
read_column(prt_arena *arena, const json_t *json, prt_definition_column *c, prt_error *err)
{
    static const char list[] = "columns";
    static const char *const generated[] = {"STORED", "VIRTUAL", NULL}, *const identity[] = {"ALWAYS", "BY DEFAULT",
                                                                                             NULL};
    static const char *const storage[] = {"PLAIN", "EXTERNAL", "MAIN", "EXTENDED", NULL};
    static const char *const compression[] = {"pglz", "lz4", NULL};
    if (!read_name(arena, json, list, &c->name, err) || !read_sql(arena, json, list, "type", &c->type, err) ||
        !read_sql(arena, json, list, "collation", &c->collation, err) ||
        !read_sql(arena, json, list, "default", &c->default_sql, err) ||
        !read_word(json, list, "generated", generated, &c->generated, err) ||
        !read_sql(arena, json, list, "expression", &c->expression, err) ||
        !read_word(json, list, "identity", identity, &c->identity, err) ||
        !read_word(json, list, "storage", storage, &c->storage, err) ||
        !read_word(json, list, "compression", compression, &c->compression, err) ||
        !read_number(json, list, "statistics", -1, &c->statistics, err) ||
        !read_text(arena, json, list, "comment", &c->comment, err) ||
        !read_flag(json, list, "not_null", false, &c->not_null, err) ||
        !read_sequence(json_object_get(json, "sequence"), c, err))
        return false;
    if (c->type == NULL)
        return wrong(err, list, "type");
    return (c->generated != NULL) == (c->expression != NULL) || wrong(err, list, "expression");
}

static bool
read_part(prt_arena *arena, const json_t *json, const char *list, prt_definition_part *part, prt_error *err)
{
    static const char *const kinds[] = {"check", "primary key", "unique", "exclude", "not null", NULL};
    return read_name(arena, json, list, &part->name, err) &&
           read_sql(arena, json, list, "definition", &part->definition, err) &&
           read_word(json, list, "kind", kinds, &part->kind, err) &&
           read_text(arena, json, list, "comment", &part->comment, err) &&
           read_flag(json, list, "valid", true, &part->valid, err) &&
           read_flag(json, list, "unique", false, &part->unique, err) &&
           (part->definition != NULL || wrong(err, list, "definition"));
}

static bool
is_list(const json_t *json, const char *key, prt_error *err)
{
    const json_t *list = json_object_get(json, key);
    return list == NULL || json_is_array(list) || wrong(err, key, "array");
}

static bool
read_parts(prt_arena *arena, const json_t *json, const char *key, prt_definition_parts *out, prt_error *err)
{
    const json_t *list = json_object_get(json, key);
    if (!is_list(json, key, err))
        return false;
    out->length = json_array_size(list);
    out->items = prt_arena_array(arena, out->length, sizeof *out->items);
    for (size_t i = 0; i < out->length; i++)
        if (!read_part(arena, json_array_get(list, i), key, &out->items[i], err))
            return false;
    return true;
}

static bool
read_columns(prt_arena *arena, const json_t *json, prt_definition *out, prt_error *err)
{
    const json_t *list = json_object_get(json, "columns");
    if (!is_list(json, "columns", err))
        return false;
    out->columns_length = json_array_size(list);
    out->columns = prt_arena_array(arena, out->columns_length, sizeof *out->columns);
    for (size_t i = 0; i < out->columns_length; i++)
        if (!read_column(arena, json_array_get(list, i), &out->columns[i], err))
            return false;
    return true;
}

static bool
read_storage(prt_arena *arena, const json_t *json, prt_definition *out, prt_error *err)
{
    const json_t *list = json_object_get(json, "storage");
    if (!is_list(json, "storage", err))
        return false;
    out->storage_length = json_array_size(list);
    out->storage = prt_arena_array(arena, out->storage_length, sizeof *out->storage);
    for (size_t i = 0; i < out->storage_length; i++) {
        const json_t *entry = json_array_get(list, i);
        if (!read_name(arena, entry, "storage", &out->storage[i].name, err) ||
            !read_text(arena, entry, "storage", "value", &out->storage[i].value, err))
            return false;
        if (out->storage[i].value == NULL)
            return wrong(err, "storage", "value");
    }
    return true;
}

static bool
read_types(prt_arena *arena, const json_t *json, prt_definition *out, prt_error *err)
{
    const json_t *list = json_object_get(json, "types");
    if (!is_list(json, "types", err))
        return false;
    out->types = prt_arena_array(arena, json_array_size(list) + 1, sizeof *out->types);
    for (size_t i = 0; i < json_array_size(list); i++) {
        out->types[i] = prt_arena_strdup(arena, json_string_value(json_array_get(list, i)));
        if (out->types[i] == NULL)
            return wrong(err, "types", "text");
    }
    return true;
}

bool
prt_definition_parse(prt_arena *arena, const json_t *json, prt_definition *out, prt_error *err)
{
    static const char *const replica[] = {"FULL", "NOTHING", NULL};
    *out = (prt_definition) {0};
    if (!json_is_object(json))
        return wrong(err, "", "no object");
    return read_flag(json, "", "unlogged", false, &out->unlogged, err) &&
           read_text(arena, json, "", "owner", &out->owner, err) &&
           read_text(arena, json, "", "comment", &out->comment, err) &&
           read_word(json, "", "replica_identity", replica, &out->replica_identity, err) &&
           read_storage(arena, json, out, err) && read_columns(arena, json, out, err) &&
           read_parts(arena, json, "constraints", &out->constraints, err) &&
           read_parts(arena, json, "indexes", &out->indexes, err) &&
           read_parts(arena, json, "foreign_keys", &out->foreign_keys, err) && read_types(arena, json, out, err);
}

const prt_definition_column *
prt_definition_find(const prt_definition *definition, const char *column)
{
    for (size_t i = 0; i < definition->columns_length; i++)
        if (strcmp(definition->columns[i].name, column) == 0)
            return &definition->columns[i];
    return NULL;
}

static const char *
or_nothing(const char *text)
{
    return text == NULL ? "" : text;
}

static bool
column_matches(const prt_definition_column *own, const prt_definition_column *parent, prt_error *err)
{
    if (strcmp(own->type, parent->type) != 0)
        return prt_fail(err, PRT_ERR_FAILED, "column \"%s\" is %s in the archive, and %s in the parent", own->name,
                        own->type, parent->type);
    if (strcmp(or_nothing(own->collation), or_nothing(parent->collation)) != 0)
        return prt_fail(err, PRT_ERR_FAILED, "column \"%s\" has another collation in the parent", own->name);
    if (strcmp(or_nothing(own->generated), or_nothing(parent->generated)) != 0)
        return prt_fail(err, PRT_ERR_FAILED, "column \"%s\" is generated in %s only", own->name,
                        own->generated != NULL ? "the archive" : "the parent");
    return true;
}

bool
prt_definition_match(const prt_definition *table, const prt_definition *parent, prt_error *err)
{
    for (size_t i = 0; i < table->columns_length; i++) {
        const prt_definition_column *other = prt_definition_find(parent, table->columns[i].name);
        if (other == NULL)
            return prt_fail(err, PRT_ERR_FAILED, "the parent has no column \"%s\" any more", table->columns[i].name);
        if (!column_matches(&table->columns[i], other, err))
            return false;
    }
    for (size_t i = 0; i < parent->columns_length; i++)
        if (prt_definition_find(table, parent->columns[i].name) == NULL)
            return prt_fail(err, PRT_ERR_FAILED, "the parent has a column \"%s\" that the archive does not have",
                            parent->columns[i].name);
    return true;
}
