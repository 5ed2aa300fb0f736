#include "model/finding.h"

const char *const prt_finding_names[PRT_FINDING_COUNT] = {
    [PRT_FINDING_MISSING] = "missing",
    [PRT_FINDING_GAP] = "gap",
    [PRT_FINDING_UNEXPECTED_BOUNDS] = "unexpected_bounds",
    [PRT_FINDING_NAME_TAKEN] = "name_taken",
    [PRT_FINDING_NAME_COLLISION] = "name_collision",
    [PRT_FINDING_DEFAULT_NOT_EMPTY] = "default_not_empty",
    [PRT_FINDING_DEFAULT_BLOCKS] = "default_blocks",
    [PRT_FINDING_UNBOUNDED] = "unbounded",
    [PRT_FINDING_PENDING_DETACH] = "pending_detach",
    [PRT_FINDING_DETACHED_WAITING] = "detached_waiting",
    [PRT_FINDING_EXPIRED] = "expired",
    [PRT_FINDING_HELD] = "held",
    [PRT_FINDING_MASS_DROP] = "mass_drop",
    [PRT_FINDING_RUNAWAY] = "runaway",
    [PRT_FINDING_CLOCK_DRIFT] = "clock_drift",
    [PRT_FINDING_STANDBY] = "standby",
    [PRT_FINDING_REFERENCED] = "referenced",
    [PRT_FINDING_INVALID_INDEX] = "invalid_index",
    [PRT_FINDING_OWNER] = "owner",
    [PRT_FINDING_PRIVILEGES] = "privileges",
    [PRT_FINDING_REPLICA_IDENTITY] = "replica_identity",
    [PRT_FINDING_NOT_PARTITIONED] = "not_partitioned",
    [PRT_FINDING_UNSUPPORTED_KEY] = "unsupported_key",
    [PRT_FINDING_UNKNOWN_TENANT] = "unknown_tenant",
    [PRT_FINDING_LOW_RUNWAY] = "low_runway",
    [PRT_FINDING_OVERSIZE] = "oversize",
    [PRT_FINDING_LOCK_HELD] = "lock_held",
    [PRT_FINDING_POOLER] = "pooler",
};

const char *const prt_severity_names[PRT_SEVERITY_ERROR + 1] = {
    [PRT_SEVERITY_INFO] = "info",
    [PRT_SEVERITY_WARNING] = "warning",
    [PRT_SEVERITY_ERROR] = "error",
};
