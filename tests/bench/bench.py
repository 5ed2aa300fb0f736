"""partrun against raw PostgreSQL on the same server in the same run: ratios with medians of RUNS runs.

Run through scripts/bench, which installs what it needs and starts the server. Every contestant starts from the same
freshly made database, and they take turns, so that a slow minute of the machine hits them alike."""

import atexit
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

RUNS = int(os.environ.get("PARTRUN_BENCH_RUNS", "5"))
PARTRUN = os.environ["PARTRUN_BIN"]
BIN = os.environ["PARTRUN_TEST_BIN"]
NOW = "2026-01-01"
work = tempfile.mkdtemp(prefix="partrun-bench.")
atexit.register(shutil.rmtree, work, ignore_errors=True)
failed_targets = []


def psql(database, sql=None, file=None, check=True):
    command = ["psql", "-qXAt", "-v", "ON_ERROR_STOP=1", "-d", database]
    command += ["-f", file] if file else ["-c", sql]
    return subprocess.run(command, check=check, capture_output=True, text=True).stdout.strip()


def write(name, text):
    path = os.path.join(work, name)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    return path


def fresh(name, setup):
    """A function that makes database `name` anew from a template on which `setup` (SQL) ran once."""
    psql("postgres", f"DROP DATABASE IF EXISTS {name}_template")
    psql("postgres", f"CREATE DATABASE {name}_template")
    psql(f"{name}_template", file=write(f"{name}.setup.sql", setup))

    def make():
        psql("postgres", f"DROP DATABASE IF EXISTS {name}")
        psql("postgres", f"CREATE DATABASE {name} TEMPLATE {name}_template STRATEGY file_copy"
             if int(os.environ["PARTRUN_TEST_VERSION"]) >= 15 else f"CREATE DATABASE {name} TEMPLATE {name}_template")
        psql(name, "CHECKPOINT")

    return make


def timed(command, env=None):
    """Wall seconds and peak memory (MiB) of one process that has to succeed."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, **(env or {})})
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command} failed ({process.returncode}):\n{errors.decode()}")
    return seconds, usage.ru_maxrss / 1024


def compare(title, prepare, contestants, check=None):
    """Times of each contestant, by round; contestants: {name: command}. `prepare` runs before each, unmeasured."""
    times = {name: [] for name in contestants}
    for _ in range(RUNS):
        for name, command in contestants.items():
            prepare()
            times[name].append(timed(command)[0])
            if check:
                check(name)
    print(f"\n{title}")
    for name, values in times.items():
        print(f"  {name:<42} {statistics.median(values):8.3f} s   ({min(values):.3f} .. {max(values):.3f})")
    return times


def ratio(times, a, b):
    """The median of the rounds' ratios: a machine that changes its speed hits the two sides of a round alike."""
    return statistics.median(x / y for x, y in zip(times[a], times[b]))


def target(name, value, limit):
    met = value <= limit
    if not met:
        failed_targets.append(name)
    print(f"  -> {name}: {value:.2f} (target {limit:.2f}) {'met' if met else 'MISSED'}", flush=True)


def partrun(database, policy, *options):
    return [PARTRUN, "apply", "-q", "-d", f"dbname={database}", "--now", NOW, "--no-journal", *options, policy]


def count(database):
    return int(psql(database, "SELECT count(*) FROM pg_class WHERE relispartition AND relkind = 'r'"))


def expect(database, partitions):
    def check(name):
        found = count(database)
        if found != partitions:
            sys.exit(f"{name}: {found} partitions instead of {partitions}")

    return check


EVENTS = """CREATE TABLE {t} (id bigint NOT NULL, at timestamptz NOT NULL, kind text, payload jsonb,
  PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE INDEX ON {t} (kind, at); CREATE INDEX ON {t} (at);"""


def day(n):
    return time.strftime("%Y-%m-%d", time.gmtime(1767225600 + 86400 * n))  # 2026-01-01


def partition_of(table, n):
    return f"CREATE TABLE {table}_p{n + 5000} PARTITION OF {table} FOR VALUES FROM ('{day(n)}') TO ('{day(n + 1)}');\n"


def raw(name, statements, batch=1):
    if batch == 1:
        return write(name, "".join(statements))
    return write(name, "".join(
        "BEGIN;\n" + "".join(statements[i:i + batch]) + "COMMIT;\n" for i in range(0, len(statements), batch)))


def by_psql(database, file):
    return ["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", file]


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


class Delay:
    """The delaying proxy, and the environment that leads through it."""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="partrun-proxy.", dir="/tmp")
        port = os.environ["PGPORT"]
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(os.path.dirname(__file__), "delay.py"), f"{self.dir}/.s.PGSQL.{port}",
             f"{os.environ['PGHOST']}/.s.PGSQL.{port}", "0.002"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        self.env = {"PGHOST": self.dir}
        return self

    def count(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


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


BARE = """SELECT c.oid, n.nspname, c.relname, pg_get_expr(c.relpartbound, c.oid)
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relispartition"""


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


BENCHES = {"create": create_thousand, "parents": many_parents, "noop": no_op, "drop": drop_thousand, "latency": latency, "purge": purge}

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print(psql("postgres", "SELECT version()"), f"\nmedians of {RUNS} runs", flush=True)
    for bench in sys.argv[1:] or BENCHES:
        BENCHES[bench]()
    print(f"\n{len(failed_targets)} targets missed" + "".join(f"\n  {t}" for t in failed_targets))
