"""partrun against raw PostgreSQL on the same server in the same run: ratios with medians of RUNS runs.

Run through scripts/bench, which installs what it needs and starts the server. Every contestant starts from the same
freshly made database, and they take turns, so that a slow minute of the machine hits them alike."""

import resource
import sys

import archives
import partitions
import tenants
import writers
from support import RUNS, failed_targets, psql

BENCHES = {
    "create": partitions.create_thousand,
    "parents": partitions.many_parents,
    "noop": partitions.no_op,
    "drop": partitions.drop_thousand,
    "latency": writers.latency,
    "purge": writers.purge,
    "tenants": tenants.tenants,
    "archive": archives.archive,
}

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print(psql("postgres", "SELECT version()"), f"\nmedians of {RUNS} runs", flush=True)
    for bench in sys.argv[1:] or BENCHES:
        BENCHES[bench]()
    print(f"\n{len(failed_targets)} targets missed" + "".join(f"\n  {t}" for t in failed_targets))
