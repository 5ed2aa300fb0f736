"""What the benches share: throwaway databases, measured processes, ratios and targets."""

import atexit
import os
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


def compare(title, prepare, contestants, check=None, peaks=None, runs=RUNS):
    """Times of each contestant, by round. contestants: {name: command, or a function from the round to one}. `prepare` runs
    before each, unmeasured; `peaks` gets the largest memory (MiB) of each."""
    times = {name: [] for name in contestants}
    for number in range(runs):
        for name, command in contestants.items():
            prepare()
            seconds, memory = timed(command(number) if callable(command) else command)
            times[name].append(seconds)
            if peaks is not None:
                peaks[name] = max(memory, peaks.get(name, 0))
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


BARE = """SELECT c.oid, n.nspname, c.relname, pg_get_expr(c.relpartbound, c.oid)
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relispartition"""
