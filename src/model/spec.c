#include "model/spec.h"

const char *const prt_hook_names[PRT_HOOK_COUNT] = {
    [PRT_HOOK_CREATE] = "on_create",        [PRT_HOOK_BEFORE_DETACH] = "before_detach",
    [PRT_HOOK_BEFORE_DROP] = "before_drop", [PRT_HOOK_AFTER_DROP] = "after_drop",
    [PRT_HOOK_ERROR] = "on_error",
};

void
prt_spec_init(prt_spec *spec)
{
    *spec = (prt_spec) {
        .zone = prt_zone_utc(),
        .premake = 4,
        .max_create = 1000,
        .cleanup_indexes = true,
        .purge = {.batch = 5000, .pause_ms = 100},
        .max_drop = {.kind = PRT_DROP_PERCENT, .amount = 50},
        .lock_timeout_ms = 300,
        .statement_timeout_ms = 3000,
        .retries = 5,
    };
}
