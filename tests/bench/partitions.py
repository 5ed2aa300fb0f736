"""Making, looking at and dropping partitions by the thousand."""

import statistics

from support import (EVENTS, RUNS, Delay, by_psql, compare, expect, fresh, partition_of, partrun, ratio, raw, target, timed,
                     write)


def create_thousand():
    make = fresh("bench_create", "CREATE EXTENSION IF NOT EXISTS pg_partman SCHEMA public;\n" + EVENTS.format(t="public.events"))
    statements = [partition_of("public.events", n) for n in range(1000)]
    policy = write("create.lua", 'return require "partrun".policy { table = "public.events", interval = "1 day", premake = 999 }')
    # partman makes premake partitions before and after the current one.
    partman = write("partman.sql", "SELECT public.create_parent('public.events', 'at', 'native', 'daily', p_premake := 500);\n")
    times = compare("Creating 1,000 daily partitions (primary key, two indexes)", make, {
        "raw PARTITION OF, one per commit": by_psql("bench_create", raw("raw1.sql", statements)),
        "raw PARTITION OF, 50 per commit": by_psql("bench_create", raw("raw50.sql", statements, 50)),
        "partrun apply": partrun("bench_create", policy),
        "partrun apply -j 2": partrun("bench_create", policy, "-j", "2"),
        "pg_partman create_parent (1,001)": by_psql("bench_create", partman),
    }, check=lambda name: None if "partman" in name else expect("bench_create", 1000)(name))
    target("partrun / raw", ratio(times, "partrun apply", "raw PARTITION OF, one per commit"), 1.2)
    target("partrun -j 2 / raw", ratio(times, "partrun apply -j 2", "raw PARTITION OF, one per commit"), 1.0)
    target("partrun / pg_partman", ratio(times, "partrun apply", "pg_partman create_parent (1,001)"), 0.8)

    local, slow = [], []
    with Delay() as proxy:
        for _ in range(RUNS):
            make()
            local.append(timed(partrun("bench_create", policy))[0])
            make()
            proxy.count()
            slow.append(timed(partrun("bench_create", policy), proxy.env)[0])
        trips = proxy.count()
    print(f"\n  with 2 ms each way: {statistics.median(slow):.3f} s, {trips} round trips; local {statistics.median(local):.3f} s")
    target("partrun over the delayed network / local", ratio({"slow": slow, "local": local}, "slow", "local"), 1.3)


def many_parents():
    parents = [f"public.events_of_customer_{n}" for n in range(500)]
    make = fresh("bench_parents", "".join(EVENTS.format(t=t) for t in parents))
    statements = [partition_of(t, n) for t in parents for n in range(10)]
    tables = ", ".join(f'"{t}"' for t in parents)
    policy = write("parents.lua", f'return require "partrun".policy {{ name = "p", tables = {{ {tables} }}, interval = "1 day", premake = 9 }}')
    times = compare("500 parents x 10 partitions", make, {
        "raw PARTITION OF, one per commit": by_psql("bench_parents", raw("parents.sql", statements)),
        "partrun apply": partrun("bench_parents", policy),
        "partrun apply -j 2": partrun("bench_parents", policy, "-j", "2"),
    }, check=expect("bench_parents", 5000))
    target("partrun / raw", ratio(times, "partrun apply", "raw PARTITION OF, one per commit"), 1.1)
    target("partrun -j 2 / raw", ratio(times, "partrun apply -j 2", "raw PARTITION OF, one per commit"), 0.7)


def no_op():
    parents = [f"public.events_of_customer_{n}" for n in range(500)]
    setup = "".join(f"CREATE TABLE {t} (id bigint, at timestamptz NOT NULL) PARTITION BY RANGE (at);\n" for t in parents)
    setup += "".join("BEGIN;\n" + "".join(partition_of(t, n) for n in range(40)) + "COMMIT;\n" for t in parents)
    fresh("bench_noop", setup + "VACUUM ANALYZE pg_class; VACUUM ANALYZE pg_inherits;")()
    tables = ", ".join(f'"{t}"' for t in parents)
    policy = write("noop.lua", f'return require "partrun".policy {{ name = "p", tables = {{ {tables} }}, interval = "1 day", premake = 39 }}')
    bare = write("bare.sql", BARE)
    times = compare("A run with nothing to do, 500 parents x 40 partitions", lambda: None, {
        "the bare catalog query (psql)": ["psql", "-qXAt", "-d", "bench_noop", "-o", "/dev/null", "-f", bare],
        "partrun apply": partrun("bench_noop", policy),
    }, check=expect("bench_noop", 20000))
    target("partrun / bare query", ratio(times, "partrun apply", "the bare catalog query (psql)"), 1.3)
    memory = timed(partrun("bench_noop", policy))[1]
    target("peak memory, MiB", memory, 100)
    with Delay() as proxy:
        proxy.count()
        timed(partrun("bench_noop", policy), proxy.env)
        target("round trips", proxy.count(), 10)


def drop_thousand():
    setup = EVENTS.format(t="public.events")
    setup += "".join(partition_of("public.events", n - 1990) for n in range(2000))
    make = fresh("bench_drop", setup)
    statements = [f"ALTER TABLE public.events DETACH PARTITION public.events_p{n + 3010} CONCURRENTLY;\n"
                  f"DROP TABLE public.events_p{n + 3010};\n" for n in range(1000)]
    policy = write("drop.lua", 'return require "partrun".policy { table = "public.events", interval = "1 day", premake = 9,'
                   ' retention = "990 days", cleanup = "drop", max_drop = "all" }')
    times = compare("Dropping 1,000 of 2,000 partitions", make, {
        "raw DETACH CONCURRENTLY and DROP": by_psql("bench_drop", raw("drop.sql", statements)),
        "partrun apply": partrun("bench_drop", policy),
    }, check=expect("bench_drop", 1000))
    target("partrun / raw", ratio(times, "partrun apply", "raw DETACH CONCURRENTLY and DROP"), 1.2)
