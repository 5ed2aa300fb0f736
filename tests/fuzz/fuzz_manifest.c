/* Any bytes as a manifest: an error, or a manifest that survives being written and read again. */
#include <stdint.h>
#include <string.h>

#include "archive/manifest.h"

/* Unlike assert, also there in a build with NDEBUG. */
#define CHECK(condition) ((condition) ? (void) 0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    prt_arena *arena = prt_arena_new();
    prt_manifest m, again;
    const char *text;
    prt_error err = {0};
    if (prt_manifest_parse(arena, (const char *) data, size, &m, &err)) {
        bool ok = prt_manifest_write(arena, &m, &text, &err) &&
                  prt_manifest_parse(arena, text, strlen(text), &again, &err);
        CHECK(ok);
        CHECK(same(m.schema, again.schema) && same(m.name, again.name) && same(m.parent_schema, again.parent_schema) &&
              same(m.parent_name, again.parent_name) && same(m.from, again.from) && same(m.to, again.to) &&
              same(m.bound, again.bound) && same(m.sha256, again.sha256) && same(m.system, again.system));
        CHECK(m.rows == again.rows && m.bytes == again.bytes && m.oid == again.oid && m.codec == again.codec &&
              m.created_at == again.created_at && json_equal(m.definition, again.definition));
        prt_manifest_done(&again);
    } else
        CHECK(err.code == PRT_ERR_VALUE && err.message[0] != '\0');
    prt_manifest_done(&m);
    prt_arena_free(arena);
    return 0;
}
