"""What a writer feels of the work: insert latencies beside creation, retirement and purges."""

import os
import re
import statistics
import subprocess
import sys
import time

from support import BIN, EVENTS, RUNS, by_psql, day, fresh, partition_of, partrun, psql, raw, target, timed, work, write


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def latencies(database, seconds, during=None):
    """Insert latencies (ms) of a writer of 1,000 inserts a second, while `during` (commands, one after another) runs."""
    script = write("insert.sql", "INSERT INTO public.events (id, at, kind) VALUES (nextval('public.ids'), timestamptz '2026-01-01 12:00+00', 'x');\n")
    prefix = os.path.join(work, f"log{time.monotonic_ns()}")
    writer = subprocess.Popen([os.path.join(BIN, "pgbench"), "-n", "-c", "1", "-R", "1000", "-T", str(seconds),
                               "-f", script, "-l", "--log-prefix", prefix, database],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=work)
    if during:
        time.sleep(1)
        during()
    output, _ = writer.communicate()
    if writer.returncode != 0 or re.search(r"aborted|ERROR", output):
        sys.exit(f"the writer got an error:\n{output}")
    values = []
    for name in os.listdir(work):
        if name.startswith(os.path.basename(prefix)):
            with open(os.path.join(work, name), encoding="utf-8") as log:
                # client transaction latency script epoch us schedule_lag; the lag is the writer's own queue
                values += [int(line.split()[2]) / 1000 for line in log]
    return values


def report_latencies(rows):
    """Prints a line for each of {name: runs}; {name: (p99, worst)}."""
    figures = {}
    for name, runs in rows.items():
        p50, p99 = (statistics.median(percentile(r, share) for r in runs) for share in (0.5, 0.99))
        worst = max(max(r) for r in runs)
        figures[name] = (p99, worst)
        print(f"  {name:<42} p50 {p50:6.2f}   p99 {p99:6.2f}   max {worst:7.2f}")
    return figures


def latency():
    setup = EVENTS.format(t="public.events") + "CREATE SEQUENCE public.ids CACHE 1000;\n"
    setup += "".join(partition_of("public.events", n - 400) for n in range(402))
    make = fresh("bench_latency", setup)
    policy = write("latency.lua", 'return require "partrun".policy { table = "public.events", interval = "1 day", premake = 600,'
                   ' retention = "100 days", cleanup = "drop", max_drop = "all" }')
    # What the same detaches cost a writer when they are done by hand: every one makes each session read the table anew.
    by_hand = raw("latency.sql", [f"ALTER TABLE public.events DETACH PARTITION public.events_p{n + 4600} CONCURRENTLY;\n"
                                  f"DROP TABLE public.events_p{n + 4600};\n" for n in range(300)])
    rows = {"quiet": [], "create 600": [], "drop 300": [], "drop 300, raw": []}
    for _ in range(RUNS):
        make()
        rows["quiet"].append(latencies("bench_latency", 8))
        rows["create 600"].append(latencies("bench_latency", 8, lambda: timed(partrun("bench_latency", policy, "--only", "create"))))
        rows["drop 300"].append(latencies("bench_latency", 8, lambda: timed(partrun("bench_latency", policy, "--only", "retire"))))
        make()
        # From as many partitions as partrun had: what a detach costs a writer grows with them.
        timed(partrun("bench_latency", policy, "--only", "create"))
        rows["drop 300, raw"].append(latencies("bench_latency", 8, lambda: timed(by_psql("bench_latency", by_hand))))
    print("\nInsert latency of a writer of 1,000 a second (ms, medians of runs; the worst of all runs)")
    figures = report_latencies(rows)
    for name in ("create 600", "drop 300"):
        target(f"p99 while it goes on ({name}) / quiet", figures[name][0] / figures["quiet"][0], 1.2)
        target(f"longest insert ({name}), ms", figures[name][1], 300 + 100)


def purge():
    rows = 450_000
    setup = EVENTS.format(t="public.events") + "CREATE SEQUENCE public.ids START 10000000 CACHE 1000;\n"
    setup += "".join(partition_of("public.events", n - 30) for n in range(34))
    # A tenth of the rows is of a tenant that keeps them for the partitions' whole life, the others have expired.
    setup += (f"INSERT INTO public.events SELECT i, timestamptz '{day(-29)}' + interval '25 days' * i / {rows},"
              " CASE WHEN i % 10 = 0 THEN 'pro' ELSE 'free' END, jsonb_build_object('note', md5(i::text), 'more', md5((i * 7)::text))"
              f" FROM generate_series(1, {rows}) AS i;\nVACUUM ANALYZE public.events;\n")
    make = fresh("bench_purge", setup)
    policy = write("purge.lua", 'return require "partrun".policy { table = "public.events", interval = "1 day", premake = 1,'
                   ' cleanup = "drop", tenant = { key = "kind", values = { { id = "free", days = "2 days" },'
                   ' { id = "pro", days = "90 days" }, { id = "x", days = "90 days" } } },'
                   ' retention = function(ctx) return ctx.tenant.days end }')
    by_hand = raw("purge.sql", [f"DELETE FROM public.events WHERE kind = 'free' AND at < '{day(-2)}';\n"])
    runs, seconds = {"quiet": [], "purge": [], "one DELETE, raw": []}, {"purge": [], "one DELETE, raw": []}
    for _ in range(RUNS):
        for name, command in (("quiet", None), ("purge", partrun("bench_purge", policy)),
                              ("one DELETE, raw", by_psql("bench_purge", by_hand))):
            make()
            during = (lambda name=name, command=command: seconds[name].append(timed(command)[0])) if command else None
            runs[name].append(latencies("bench_purge", 9, during))
            left = int(psql("bench_purge", f"SELECT count(*) FROM public.events WHERE kind = 'free'"))
            if command and left:
                sys.exit(f"{name}: {left} expired rows are left")
    print("\nPurge of 405,000 rows beside a writer of 1,000 inserts a second (ms, medians of runs; the worst of all runs)")
    p99 = report_latencies(runs)
    for name, values in seconds.items():
        print(f"  {name:<42} {statistics.median(values):8.2f} s   {rows * 0.9 / statistics.median(values):10,.0f} rows/s")
    target("p99 while it goes on (purge) / quiet", p99["purge"][0] / p99["quiet"][0], 1.2)
