#include "model/retention.h"

#include <inttypes.h>

/* The line lies between positions: of partitions that end at one and the same (the key's later columns tell them apart),
 * all stay when one of them does. */
static prt_keep
keep_count(int64_t amount, prt_pos now, const prt_extent *extents, size_t length)
{
    prt_keep keep = {.cutoff = PRT_POS_MIN, .room = amount};
    prt_pos kept = PRT_POS_MAX;
    for (size_t i = length; i > 0; i--) {
        if (extents[i - 1].to > now || extents[i - 1].to >= kept)
            continue;
        if (keep.room == 0) {
            keep.cutoff = extents[i - 1].to;
            break;
        }
        keep.room--;
        kept = extents[i - 1].to;
    }
    return keep;
}

static prt_keep
keep_bytes(int64_t budget, prt_pos now, const prt_extent *extents, size_t length)
{
    prt_keep keep = {.cutoff = PRT_POS_MIN, .room = INT64_MAX};
    int64_t sum = 0;
    prt_pos kept = PRT_POS_MAX;
    for (size_t i = length; i > 0; i--) {
        sum = prt_pos_add(sum, extents[i - 1].bytes < 0 ? 0 : extents[i - 1].bytes);
        if (sum <= budget) {
            kept = extents[i - 1].to;
        } else if (extents[i - 1].to < kept || kept > now) {
            /* Full with the current and the future ones alone: no past one fits. */
            keep.cutoff = extents[i - 1].to < now ? extents[i - 1].to : now;
            break;
        }
    }
    return keep;
}

prt_keep
prt_retention_keep(const prt_retention *retention, prt_pos now, const prt_zone *zone, const prt_extent *extents,
                   size_t length)
{
    prt_keep keep = {.cutoff = PRT_POS_MIN, .room = INT64_MAX};
    switch (retention->kind) {
    case PRT_KEEP:
        break;
    case PRT_KEEP_AGE:
        keep.cutoff = prt_interval_add(now, &retention->age, -1, zone);
        break;
    case PRT_KEEP_IDS:
        keep.cutoff = prt_pos_add(now, -retention->amount);
        break;
    case PRT_KEEP_COUNT:
        return keep_count(retention->amount, now, extents, length);
    case PRT_KEEP_BYTES:
        return keep_bytes(retention->amount, now, extents, length);
    }
    if (keep.cutoff > now)
        keep.cutoff = now;
    return keep;
}

bool
prt_retention_expired(const prt_retention *retention, const prt_keep *keep, prt_pos now, const prt_extent *extents,
                      size_t length, prt_pos to, int64_t bytes)
{
    if (to > now || retention->kind == PRT_KEEP)
        return false;
    if (to <= keep->cutoff && keep->cutoff != PRT_POS_MIN)
        return true;
    int64_t newer = 0, sum = bytes;
    for (size_t i = length; i > 0 && extents[i - 1].to > to; i--) {
        newer += extents[i - 1].to <= now;
        sum = prt_pos_add(sum, extents[i - 1].bytes < 0 ? 0 : extents[i - 1].bytes);
    }
    if (retention->kind == PRT_KEEP_COUNT)
        return newer >= retention->amount;
    return retention->kind == PRT_KEEP_BYTES && bytes >= 0 && sum > retention->amount;
}

bool
prt_retention_check(const prt_retention *retention, const prt_key *key, prt_error *err)
{
    bool time = prt_key_is_time(key);
    if (retention->kind == PRT_KEEP_AGE && !time) {
        prt_fail(err, PRT_ERR_POLICY, "a retention by age does not fit the key \"%s\", which holds ids", key->column);
        return prt_fail_hint(err, "give a distance in ids, { partitions = N } or { bytes = ... }");
    }
    if (retention->kind == PRT_KEEP_IDS && time) {
        prt_fail(err, PRT_ERR_POLICY, "a retention by ids does not fit the key \"%s\", which holds times", key->column);
        return prt_fail_hint(err, "give an age such as \"30 days\", { partitions = N } or { bytes = ... }");
    }
    if (retention->kind != PRT_KEEP && retention->kind != PRT_KEEP_AGE && retention->amount < 0)
        return prt_fail(err, PRT_ERR_POLICY, "a retention cannot be negative");
    return true;
}

static const char *
display_bytes(prt_arena *arena, int64_t bytes)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    size_t unit = 0;
    while (unit + 1 < sizeof units / sizeof *units && bytes >= 1024 && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    return prt_arena_printf(arena, "%" PRId64 " %s", bytes, units[unit]);
}

const char *
prt_retention_display(prt_arena *arena, const prt_retention *retention)
{
    switch (retention->kind) {
    case PRT_KEEP_AGE:
        return prt_interval_format(arena, &retention->age);
    case PRT_KEEP_COUNT:
        return prt_arena_printf(arena, "%" PRId64 " partition%s", retention->amount, retention->amount == 1 ? "" : "s");
    case PRT_KEEP_BYTES:
        return display_bytes(arena, retention->amount);
    case PRT_KEEP_IDS:
        return prt_arena_printf(arena, "%" PRId64 " ids", retention->amount);
    case PRT_KEEP:
        break;
    }
    return "everything";
}
