/* TZif files: whatever the bytes, prt_zone_parse fails or gives a zone whose answers agree with each other. */
#include <stdlib.h>

#include "model/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const prt_zone *zone, prt_instant local)
{
    prt_instant first = prt_zone_first(zone, local);
    if (first == PRT_POS_MIN || first == PRT_POS_MAX)
        return;
    if (prt_zone_local(zone, first) < local) /* the clock shows it or later */
        abort();
    if (first - 1 != PRT_POS_MIN && prt_zone_local(zone, first - 1) >= local) /* and did not just before */
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t locals[] = {PRT_POS_MIN + 1,  -(INT64_C(1) << 52), 0,
                                     INT64_C(1) << 50, INT64_C(1) << 54,    PRT_POS_MAX - 1};
    prt_arena *arena = prt_arena_new();
    prt_error err = {0};
    const prt_zone *zone;
    if (prt_zone_parse(arena, "Fuzz", (const char *) data, size, &zone, &err)) {
        for (size_t i = 0; i < sizeof locals / sizeof *locals; i++)
            check(zone, locals[i]);
        for (size_t i = 0; i + 8 <= size && i < 400; i += 8) { /* near the file's own changes */
            uint64_t bits = 0;
            for (int b = 0; b < 8; b++)
                bits = bits << 8 | data[i + b];
            check(zone, (int64_t) bits);
            check(zone, (int64_t) (bits % (UINT64_C(1) << 33)) * PRT_USEC_PER_SEC);
        }
    } else if (err.code == PRT_OK || err.message[0] == '\0') {
        abort();
    }
    prt_arena_free(arena);
    return 0;
}
