/* Findings: what somebody should know or do. Codes are a promise to users (PRODUCT, the command line). */
#ifndef PRT_MODEL_FINDING_H
#define PRT_MODEL_FINDING_H

#include "base/error.h"

typedef enum prt_severity { PRT_SEVERITY_INFO, PRT_SEVERITY_WARNING, PRT_SEVERITY_ERROR } prt_severity;

typedef enum prt_finding_code {
    PRT_FINDING_MISSING,           /* a partition that should exist does not (the plan would create it) */
    PRT_FINDING_GAP,               /* a hole between existing partitions */
    PRT_FINDING_UNEXPECTED_BOUNDS, /* bounds off the grid, or that cannot be read */
    PRT_FINDING_NAME_TAKEN,
    PRT_FINDING_NAME_COLLISION,
    PRT_FINDING_DEFAULT_NOT_EMPTY,
    PRT_FINDING_DEFAULT_BLOCKS, /* the default partition holds rows of a partition to be made */
    PRT_FINDING_UNBOUNDED,      /* MINVALUE or MAXVALUE: never expires, or leaves no room */
    PRT_FINDING_PENDING_DETACH,
    PRT_FINDING_DETACHED_WAITING,
    PRT_FINDING_EXPIRED,
    PRT_FINDING_HELD,
    PRT_FINDING_MASS_DROP,
    PRT_FINDING_RUNAWAY,
    PRT_FINDING_CLOCK_DRIFT,
    PRT_FINDING_STANDBY,
    PRT_FINDING_REFERENCED,
    PRT_FINDING_INVALID_INDEX,
    PRT_FINDING_OWNER,
    PRT_FINDING_PRIVILEGES,
    PRT_FINDING_REPLICA_IDENTITY,
    PRT_FINDING_NOT_PARTITIONED,
    PRT_FINDING_UNSUPPORTED_KEY,
    PRT_FINDING_UNKNOWN_TENANT,
    PRT_FINDING_LOW_RUNWAY,
    PRT_FINDING_OVERSIZE,
    PRT_FINDING_LOCK_HELD,
    PRT_FINDING_POOLER,
    PRT_FINDING_COUNT
} prt_finding_code;

extern const char *const prt_finding_names[PRT_FINDING_COUNT];       /* "missing", "gap", ... */
extern const char *const prt_severity_names[PRT_SEVERITY_ERROR + 1]; /* "info", "warning", "error" */

typedef struct prt_finding {
    prt_finding_code code;
    prt_severity severity;
    const char *object;  /* displayed name of the table it is about */
    const char *message; /* one sentence */
    const char *hint;    /* what to do; NULL: none */
} prt_finding;

#endif
