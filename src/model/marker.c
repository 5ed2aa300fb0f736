#include "model/marker.h"

#include <jansson.h>
#include <string.h>

static const char prefix[] = "partrun: ";

/* The start of the last line when that line looks like a marker, well-formed or not; NULL otherwise. */
static const char *
marker_line(const char *comment)
{
    const char *line = strrchr(comment, '\n');
    line = line == NULL ? comment : line + 1;
    return strncmp(line, prefix, sizeof prefix - 1) == 0 && line[sizeof prefix - 1] == '{' ? line : NULL;
}

const char *
prt_marker_strip(prt_arena *arena, const char *comment)
{
    if (comment == NULL)
        return NULL;
    const char *line = marker_line(comment);
    size_t length = line == NULL ? strlen(comment) : (size_t) (line - comment);
    if (line != NULL && length > 0)
        length--; /* the newline that came with the marker */
    return length == 0 ? NULL : prt_arena_strndup(arena, comment, length);
}

/* JSON is UTF-8. Names of a SQL_ASCII database need not be: then their other bytes become question marks. */
static json_t *
json_text(prt_arena *arena, const char *text)
{
    json_t *value = json_string(text == NULL ? "" : text);
    if (value != NULL)
        return value;
    char *ascii = prt_arena_strdup(arena, text);
    for (char *p = ascii; *p != '\0'; p++)
        if ((unsigned char) *p >= 0x80)
            *p = '?';
    return json_string(ascii);
}

static json_t *
archive_json(prt_arena *arena, const prt_archive_result *archive)
{
    json_t *json = json_object();
    json_object_set_new(json, "url", json_text(arena, archive->url));
    json_object_set_new(json, "rows", json_integer(archive->rows));
    json_object_set_new(json, "bytes", json_integer(archive->bytes));
    json_object_set_new(json, "sha256", json_text(arena, archive->sha256));
    return json;
}

const char *
prt_marker_write(prt_arena *arena, const char *comment, const prt_marker *marker)
{
    json_t *json = json_object();
    json_object_set_new(json, "state", json_text(arena, marker->state));
    json_object_set_new(json, "system", json_text(arena, marker->system));
    json_object_set_new(json, "database", json_integer((json_int_t) marker->database));
    json_object_set_new(json, "oid", json_integer((json_int_t) marker->oid));
    json_object_set_new(json, "policy", json_text(arena, marker->policy));
    json_object_set_new(json, "parent_schema", json_text(arena, marker->parent_schema));
    json_object_set_new(json, "parent_name", json_text(arena, marker->parent_name));
    json_object_set_new(json, "from", json_text(arena, marker->from));
    json_object_set_new(json, "to", json_text(arena, marker->to));
    json_object_set_new(json, "since", json_string(prt_instant_format(arena, marker->since)));
    if (marker->archive.url != NULL)
        json_object_set_new(json, "archive", archive_json(arena, &marker->archive));

    /* JSON escapes newlines, so the marker is one line whatever the names are. */
    size_t size = json_dumpb(json, NULL, 0, JSON_COMPACT);
    char *text = prt_arena_alloc(arena, size + 1);
    json_dumpb(json, text, size, JSON_COMPACT);
    json_decref(json);

    const char *kept = prt_marker_strip(arena, comment);
    return prt_arena_printf(arena, "%s%s%s%s", kept == NULL ? "" : kept, kept == NULL ? "" : "\n", prefix, text);
}

static const char *
get_text(prt_arena *arena, const json_t *json, const char *key)
{
    return prt_arena_strdup(arena, json_string_value(json_object_get(json, key)));
}

static bool
get_oid(const json_t *json, const char *key, uint32_t *out)
{
    const json_t *value = json_object_get(json, key);
    if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > UINT32_MAX)
        return false;
    *out = (uint32_t) json_integer_value(value);
    return true;
}

static bool
get_amount(const json_t *json, const char *key, int64_t *out)
{
    const json_t *value = json_object_get(json, key);
    *out = json_integer_value(value);
    return json_is_integer(value) && *out >= 0;
}

static bool
is_sha256(const char *text)
{
    return text != NULL && strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

/* What is there has to be whole: a drop relies on it. */
static bool
read_archive(prt_arena *arena, const json_t *json, const char *state, prt_archive_result *out)
{
    const json_t *archive = json_object_get(json, "archive");
    if (archive == NULL)
        return strcmp(state, "archived") != 0;
    out->url = get_text(arena, archive, "url");
    out->sha256 = get_text(arena, archive, "sha256");
    return out->url != NULL && out->url[0] != '\0' && is_sha256(out->sha256) &&
           get_amount(archive, "rows", &out->rows) && get_amount(archive, "bytes", &out->bytes);
}

static bool
is_state(const char *state)
{
    static const char *const states[] = {"making", "retiring", "archived", "kept", "unknown"};
    for (size_t i = 0; state != NULL && i < sizeof states / sizeof *states; i++)
        if (strcmp(state, states[i]) == 0)
            return true;
    return false;
}

bool
prt_marker_retiring(const prt_marker *marker)
{
    return strcmp(marker->state, "retiring") == 0 || strcmp(marker->state, "archived") == 0;
}

static bool
read_json(prt_arena *arena, const json_t *json, prt_marker *out)
{
    prt_error ignored = {0};
    const char *since = json_string_value(json_object_get(json, "since"));
    prt_marker marker = {
        .state = get_text(arena, json, "state"),
        .system = get_text(arena, json, "system"),
        .policy = get_text(arena, json, "policy"),
        .parent_schema = get_text(arena, json, "parent_schema"),
        .parent_name = get_text(arena, json, "parent_name"),
        .from = get_text(arena, json, "from"),
        .to = get_text(arena, json, "to"),
    };
    const char *const texts[] = {marker.system,      marker.policy, marker.parent_schema,
                                 marker.parent_name, marker.from,   marker.to};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i] == NULL)
            return false;
    if (!is_state(marker.state) || !get_oid(json, "database", &marker.database) || !get_oid(json, "oid", &marker.oid) ||
        since == NULL || !prt_instant_parse(since, &marker.since, &ignored) ||
        !read_archive(arena, json, marker.state, &marker.archive))
        return false;
    *out = marker;
    return true;
}

bool
prt_marker_read(prt_arena *arena, const char *comment, prt_marker *out)
{
    const char *line = comment == NULL ? NULL : marker_line(comment);
    if (line == NULL)
        return false;
    json_t *json = json_loads(line + sizeof prefix - 1, JSON_REJECT_DUPLICATES, NULL);
    bool ok = json_is_object(json) && read_json(arena, json, out);
    json_decref(json);
    return ok;
}
