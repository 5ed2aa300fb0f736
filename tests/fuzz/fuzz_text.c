/* Any bytes as a table's name, a comment, a name template and a key's value: an error or a value that survives a round trip. */
#include <stdint.h>
#include <string.h>

#include "model/ident.h"
#include "model/marker.h"
#include "model/naming.h"

/* Unlike assert, also there in a build with NDEBUG. */
#define CHECK(condition) ((condition) ? (void) 0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
as_ident(prt_arena *arena, const char *text)
{
    prt_error err = {0};
    const char *schema, *name, *schema_again, *name_again;
    if (!prt_ident_parse(arena, text, &schema, &name, &err))
        return;
    CHECK(strlen(name) <= PRT_NAME_BYTES && name[0] != '\0');
    const char *quoted = prt_ident_qualify(arena, schema == NULL ? "public" : schema, name);
    bool ok = prt_ident_parse(arena, quoted, &schema_again, &name_again, &err);
    CHECK(ok && strcmp(name, name_again) == 0 && strcmp(schema == NULL ? "public" : schema, schema_again) == 0);
    for (size_t bytes = 0; bytes <= strlen(text); bytes++)
        CHECK(prt_utf8_cut(text, bytes) <= bytes);
}

static void
as_comment(prt_arena *arena, const char *text)
{
    prt_marker marker;
    if (prt_marker_read(arena, text, &marker))
        text = prt_marker_write(arena, text, &marker);
    marker = (prt_marker) {.state = "kept", .system = text, .policy = text, .from = text, .to = text};
    const char *written = prt_marker_write(arena, text, &marker);
    CHECK(prt_marker_read(arena, written, &marker));
    const char *before = prt_marker_strip(arena, text), *after = prt_marker_strip(arena, written);
    CHECK((before == NULL) == (after == NULL) && (before == NULL || strcmp(before, after) == 0));
}

static void
as_template(prt_arena *arena, const char *text)
{
    prt_error err = {0};
    prt_key key;
    prt_grid grid;
    const prt_interval month = {.months = 1};
    const char *name;
    bool ok = prt_key_init(&key, "k", "timestamp with time zone", 1, 0, NULL, NULL, &err) &&
              prt_grid_time(&grid, &month, NULL, NULL, &err);
    CHECK(ok);
    prt_name_input input = {
        .schema = "s", .table = "a_table_with_a_name_of_some_length", .tenant = "t", .key = &key, .grid = &grid};
    input.range.to.pos = prt_grid_next(&grid, 0);
    bool checked = prt_naming_check(text, &err);
    CHECK(checked || err.message[0] != '\0');
    const prt_naming naming = {.text = text};
    prt_error why = {0};
    if (prt_naming_make(arena, &naming, &input, &name, &why))
        CHECK(checked && strlen(name) <= PRT_NAME_BYTES);
    else
        CHECK(!checked || strstr(why.message, "63") != NULL);
}

static void
as_value(prt_arena *arena, const char *text)
{
    static const prt_key_options plain = {0}, epoch = {.epoch_per_sec = 1000000000},
                                 snowflake = {
                                     .snowflake = true, .snowflake_shift = 22, .snowflake_epoch = 1288834974657000};
    static const struct {
        const char *type;
        const prt_key_options *options;
    } kinds[] = {{"date", &plain},      {"timestamp with time zone", &plain},
                 {"uuid", &plain},      {"smallint", &plain},
                 {"bigint", &plain},    {"bigint", &epoch},
                 {"bigint", &snowflake}};
    const prt_datum datum = {.kind = PRT_DATUM_VALUE, .text = text, .sql = text};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        prt_error err = {0};
        prt_key key;
        prt_pos at, back;
        const char *again;
        bool ok = prt_key_init(&key, "k", kinds[i].type, 1, 0, kinds[i].options, NULL, &err);
        CHECK(ok);
        if (!prt_key_decode(&key, &datum, &at, &err) || !prt_key_encode(&key, arena, at, &again, &err))
            continue;
        const prt_datum written = {.kind = PRT_DATUM_VALUE, .text = again, .sql = again};
        ok = prt_key_decode(&key, &written, &back, &err);
        CHECK(ok && back == prt_key_floor(&key, at));
    }
    prt_error err = {0};
    prt_key key;
    if (prt_key_init(&key, "k", text, 1, 0, NULL, NULL, &err))
        CHECK(prt_key_resolution(&key) > 0 && prt_key_min(&key) < prt_key_max(&key));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    prt_arena *arena = prt_arena_new();
    const char *text = prt_arena_strndup(arena, (const char *) data, size);
    as_ident(arena, text);
    as_comment(arena, text);
    as_template(arena, text);
    as_value(arena, text);
    prt_arena_free(arena);
    return 0;
}
