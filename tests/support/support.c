#include "support/support.h"

#include "base/file.h"

int
support_arena_setup(void **state)
{
    *state = prt_arena_new();
    return 0;
}

int
support_arena_teardown(void **state)
{
    prt_arena_free(*state);
    return 0;
}

const prt_zone *
support_zone(prt_arena *arena, const char *name)
{
    prt_error err = {0};
    char *bytes;
    size_t length;
    const prt_zone *zone;
    assert_ok(prt_tzdata_read(arena, name, &bytes, &length, &err), &err);
    assert_ok(prt_zone_parse(arena, name, bytes, length, &zone, &err), &err);
    return zone;
}

prt_instant
support_instant(const char *text)
{
    prt_error err = {0};
    prt_instant at;
    assert_ok(prt_instant_parse(text, &at, &err), &err);
    return at;
}
