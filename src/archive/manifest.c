#include "archive/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "model/ident.h"

enum { VERSION = 1, LARGEST = 32 * 1024 * 1024, SHA256_DIGITS = 64 };

const char *
prt_manifest_url(prt_arena *arena, const char *url)
{
    size_t length = strlen(url), suffix = strlen(PRT_MANIFEST_SUFFIX);
    if (length > suffix && strcmp(url + length - suffix, PRT_MANIFEST_SUFFIX) == 0)
        return url;
    return prt_arena_printf(arena, "%s" PRT_MANIFEST_SUFFIX, url);
}

/* An id, as a number; anything else as text. */
static bool
is_id(const char *text)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    size_t length = strlen(digits);
    if (length == 0 || length > 18 || strspn(digits, "0123456789") != length)
        return false;
    return strcmp(text, "0") == 0 || digits[0] != '0';
}

static json_t *
end(const char *text)
{
    if (text == NULL)
        return json_null();
    return is_id(text) ? json_integer(strtoll(text, NULL, 10)) : json_string(text);
}

static json_t *
optional(const char *text)
{
    return text == NULL ? json_null() : json_string(text);
}

/* As people write it, if that can be read again: control characters in a name are shown, not written, by that. */
static json_t *
qualified(prt_arena *arena, const char *schema, const char *name)
{
    const char *text = prt_ident_display(arena, schema, name), *schema_again, *name_again;
    prt_error ignored = {0};
    bool same = prt_ident_parse(arena, text, &schema_again, &name_again, &ignored) && schema_again != NULL &&
                strcmp(schema, schema_again) == 0 && strcmp(name, name_again) == 0;
    return json_string(same ? text : prt_ident_qualify(arena, schema, name));
}

static json_t *
list(const char *const *texts)
{
    json_t *array = json_array();
    for (; *texts != NULL; texts++)
        if (json_array_append_new(array, json_string(*texts)) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

bool
prt_manifest_write(prt_arena *arena, const prt_manifest *m, const char **text, prt_error *err)
{
    const struct {
        const char *key;
        json_t *value; /* NULL: not UTF-8 */
    } fields[] = {
        {"version", json_integer(VERSION)},
        {"table", qualified(arena, m->schema, m->name)},
        {"parent", m->parent_name == NULL ? json_null() : qualified(arena, m->parent_schema, m->parent_name)},
        {"from", end(m->from)},
        {"to", end(m->to)},
        {"bound", optional(m->bound)},
        {"columns", list(m->columns)},
        {"format", json_string(m->format)},
        {"compression", json_string(prt_codec_name(m->codec))},
        {"rows", json_integer(m->rows)},
        {"bytes", json_integer(m->bytes)},
        {"sha256", json_string(m->sha256)},
        {"server_version", json_string(m->server_version)},
        {"created_at", json_string(prt_instant_format(arena, m->created_at))},
        {"source", json_pack("{s:s, s:I, s:I}", "system", m->system, "database", (json_int_t) m->database, "oid",
                             (json_int_t) m->oid)},
        {"definition", json_incref(m->definition)},
    };
    json_t *object = json_object();
    const char *broken = NULL;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (json_object_set_new(object, fields[i].key, fields[i].value) != 0 && broken == NULL)
            broken = fields[i].key;
    char *dump = json_dumps(object, JSON_INDENT(2));
    *text = dump == NULL ? NULL : prt_arena_printf(arena, "%s\n", dump);
    free(dump);
    json_decref(object);
    if (broken == NULL && dump != NULL)
        return true;
    prt_fail(err, PRT_ERR_VALUE, "the manifest cannot be written: its %s is not UTF-8",
             broken == NULL ? "text" : broken);
    return prt_fail_hint(err, "a database in SQL_ASCII may hold such names; rename what they name");
}

/* One manifest being read: the first field that is not as it must be. */
typedef struct reading {
    prt_arena *arena;
    const json_t *object;
    prt_error *err;
} reading;

static bool
wrong(const reading *r, const char *key, const char *what)
{
    if (json_object_get(r->object, key) == NULL)
        return prt_fail(r->err, PRT_ERR_VALUE, "the manifest has no \"%s\"", key);
    return prt_fail(r->err, PRT_ERR_VALUE, "\"%s\" of the manifest is not %s", key, what);
}

static bool
get_text(const reading *r, const char *key, const char **out)
{
    const json_t *value = json_object_get(r->object, key);
    const char *text = json_string_value(value); /* of what is no string: NULL */
    *out = "";
    /* A NUL in it would cut it short from here on. */
    if (text == NULL || strlen(text) != json_string_length(value) || text[0] == '\0')
        return wrong(r, key, "a text");
    *out = prt_arena_strdup(r->arena, text);
    return true;
}

static bool
get_optional(const reading *r, const char *key, const char **out)
{
    *out = NULL;
    return json_is_null(json_object_get(r->object, key)) || get_text(r, key, out);
}

static bool
get_end(const reading *r, const char *key, const char **out)
{
    const json_t *value = json_object_get(r->object, key);
    if (!json_is_integer(value))
        return get_optional(r, key, out);
    *out = prt_arena_printf(r->arena, "%lld", (long long) json_integer_value(value));
    return true;
}

static bool
get_count(const reading *r, const char *key, int64_t most, int64_t *out)
{
    const json_t *value = json_object_get(r->object, key);
    *out = json_integer_value(value);
    return (json_is_integer(value) && *out >= 0 && *out <= most) || wrong(r, key, "a count");
}

static bool
get_oid(const reading *r, const char *key, uint32_t *out)
{
    int64_t value;
    if (!get_count(r, key, UINT32_MAX, &value))
        return false;
    *out = (uint32_t) value;
    return value != 0 || wrong(r, key, "an oid");
}

static bool
get_name(const reading *r, const char *key, bool nullable, const char **schema, const char **name)
{
    const char *text;
    prt_error why = {0};
    *schema = *name = NULL;
    if (nullable && json_is_null(json_object_get(r->object, key)))
        return true;
    if (!get_text(r, key, &text))
        return false;
    return (prt_ident_parse(r->arena, text, schema, name, &why) && *schema != NULL) ||
           wrong(r, key, "a table's name with its schema");
}

static bool
get_columns(const reading *r, const char *const **out)
{
    const json_t *array = json_object_get(r->object, "columns");
    size_t length = json_array_size(array);
    if (!json_is_array(array))
        return wrong(r, "columns", "a list");
    const char **names = prt_arena_array(r->arena, length + 1, sizeof *names);
    for (size_t i = 0; i < length; i++) {
        const json_t *value = json_array_get(array, i);
        const char *name = json_string_value(value);
        if (name == NULL || name[0] == '\0' || strlen(name) != json_string_length(value) ||
            strlen(name) > PRT_NAME_BYTES)
            return wrong(r, "columns", "a list of names");
        names[i] = prt_arena_strdup(r->arena, name);
    }
    *out = names;
    return true;
}

static bool
get_sha256(const reading *r, const char **out)
{
    if (!get_text(r, "sha256", out))
        return false;
    return (strlen(*out) == SHA256_DIGITS && strspn(*out, "0123456789abcdef") == SHA256_DIGITS) ||
           wrong(r, "sha256", "64 hexadecimal digits");
}

static bool
get_choices(const reading *r, prt_manifest *out)
{
    const char *compression, *created;
    prt_error why = {0};
    if (!get_text(r, "format", &out->format) || !get_text(r, "compression", &compression) ||
        !get_text(r, "created_at", &created))
        return false;
    if (strcmp(out->format, "csv") != 0 && strcmp(out->format, "copy") != 0)
        return wrong(r, "format", "csv or copy");
    if (!prt_codec_parse(compression, &out->codec))
        return wrong(r, "compression", "none, gzip or zstd");
    return prt_instant_parse(created, &out->created_at, &why) || wrong(r, "created_at", "a time");
}

static bool
get_source(const reading *r, prt_manifest *out)
{
    reading source = *r;
    source.object = json_object_get(r->object, "source");
    if (!json_is_object(source.object))
        return wrong(r, "source", "an object");
    return get_text(&source, "system", &out->system) && get_oid(&source, "database", &out->database) &&
           get_oid(&source, "oid", &out->oid);
}

static bool
check_version(const reading *r)
{
    const json_t *version = json_object_get(r->object, "version");
    if (!json_is_integer(version))
        return wrong(r, "version", "a number");
    if (json_integer_value(version) == VERSION)
        return true;
    prt_fail(r->err, PRT_ERR_VALUE, "the manifest is of version %lld", (long long) json_integer_value(version));
    return prt_fail_hint(r->err, "this partrun reads version %d; use the one that wrote it, or a later one", VERSION);
}

static bool
get_all(const reading *r, prt_manifest *out)
{
    if (!get_name(r, "table", false, &out->schema, &out->name) ||
        !get_name(r, "parent", true, &out->parent_schema, &out->parent_name) || !get_end(r, "from", &out->from) ||
        !get_end(r, "to", &out->to) || !get_optional(r, "bound", &out->bound) || !get_columns(r, &out->columns) ||
        !get_choices(r, out) || !get_count(r, "rows", INT64_MAX, &out->rows) ||
        !get_count(r, "bytes", INT64_MAX, &out->bytes) || !get_sha256(r, &out->sha256) ||
        !get_text(r, "server_version", &out->server_version) || !get_source(r, out))
        return false;
    json_t *definition = json_object_get(r->object, "definition");
    if (!json_is_object(definition))
        return wrong(r, "definition", "an object");
    out->definition = json_incref(definition);
    return true;
}

bool
prt_manifest_parse(prt_arena *arena, const char *text, size_t length, prt_manifest *out, prt_error *err)
{
    json_error_t why;
    *out = (prt_manifest) {0};
    json_t *object = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
    if (object == NULL)
        return prt_fail(err, PRT_ERR_VALUE, "the manifest is no JSON: %s (line %d)", why.text, why.line);
    reading r = {.arena = arena, .object = object, .err = err};
    bool ok = json_is_object(object) ? check_version(&r) && get_all(&r, out)
                                     : prt_fail(err, PRT_ERR_VALUE, "the manifest is no JSON object");
    json_decref(object);
    return ok;
}

void
prt_manifest_done(prt_manifest *manifest)
{
    json_decref(manifest->definition);
    manifest->definition = NULL;
}

static bool
read_all(prt_store *store, const char *url, prt_buf *text, prt_error *err)
{
    prt_reader *reader;
    if (!store->get(store, url, &reader, err))
        return false;
    bool ok = true;
    for (size_t length = 1; ok && length > 0;) {
        const char *bytes = NULL;
        ok = reader->read(reader, &bytes, &length, err);
        if (ok && text->length + length > LARGEST)
            ok = prt_fail(err, PRT_ERR_VALUE, "the manifest is larger than %d MiB", LARGEST / 1024 / 1024);
        else if (ok)
            prt_buf_mem(text, bytes, length);
    }
    reader->close(reader);
    return ok;
}

bool
prt_manifest_load(prt_store *store, prt_arena *arena, const char *url, bool *found, prt_manifest *out, prt_error *err)
{
    prt_object object;
    prt_buf text;
    const char *address = prt_manifest_url(arena, url);
    *found = false;
    *out = (prt_manifest) {0};
    if (!store->stat(store, address, &object, err))
        return false;
    if (!object.found)
        return true;
    *found = true;
    prt_buf_init(&text, arena);
    if (read_all(store, address, &text, err) && prt_manifest_parse(arena, text.data, text.length, out, err))
        return true;
    return prt_fail_object(err, "%s", address);
}

bool
prt_manifest_save(prt_store *store, const char *url, const prt_manifest *manifest, prt_error *err)
{
    prt_arena *scratch = prt_arena_new();
    prt_writer *writer;
    const char *text;
    bool ok = prt_manifest_write(scratch, manifest, &text, err) &&
              store->put(store, prt_manifest_url(scratch, url), &writer, err);
    if (ok && !writer->write(writer, text, strlen(text), err)) {
        writer->abort(writer);
        ok = false;
    } else if (ok)
        ok = writer->finish(writer, err);
    prt_arena_free(scratch);
    return ok;
}
