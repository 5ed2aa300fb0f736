/* Retention as a line on the key's axis: what ends at or before the cutoff is expired. */
#ifndef PRT_MODEL_RETENTION_H
#define PRT_MODEL_RETENTION_H

#include "model/key.h"
#include "model/spec.h"

/* An attached partition as retention sees it. Ordered by its bounds, oldest first. */
typedef struct prt_extent {
    prt_pos to;
    int64_t bytes; /* -1: unknown */
} prt_extent;

typedef struct prt_keep {
    prt_pos cutoff; /* what has its upper bound here or before is expired; PRT_POS_MIN: nothing is */
    int64_t room;   /* COUNT: how many more past partitions fit; INT64_MAX: no limit */
} prt_keep;

/*
 * The line for a set at `now` (on the key's axis). `zone` is that of the axis (NULL for wall clocks and ids). Never
 * beyond `now`: the current and the future partitions do not expire. COUNT counts partitions that exist; BYTES adds up
 * from the newest, and the first that does not fit goes with everything before it (an unknown size counts as 0).
 */
prt_keep prt_retention_keep(const prt_retention *retention, prt_pos now, const prt_zone *zone,
                            const prt_extent *extents, size_t length);
/* Whether a detached partition that ended at `to` would be expired beside the attached ones. A retention by size needs
 * to know its size. */
bool prt_retention_expired(const prt_retention *retention, const prt_keep *keep, prt_pos now, const prt_extent *extents,
                           size_t length, prt_pos to, int64_t bytes);
/* Age fits keys of time, ids those of ids. */
PRT_NODISCARD bool prt_retention_check(const prt_retention *retention, const prt_key *key, prt_error *err);
/* "30 days", "30 partitions", "500 GB", "1000000 ids", "everything" */
const char *prt_retention_display(prt_arena *arena, const prt_retention *retention);

#endif
