"""Archiving one large table against psql's COPY: time, and memory that does not grow with the table.

Without fsync (see scripts/bench) the archives go to memory where there is room, so that the work is compared and not the disk.
With it they go to the disk, and psql's file is flushed as well."""

import os
import resource
import shutil
import tempfile

from support import PARTRUN, compare, psql, ratio, target, timed, work, write

ROWS = int(os.environ.get("PARTRUN_BENCH_ROWS", "2000000"))
SETUP = f"""CREATE TABLE public.events (id bigint, at timestamptz, project uuid, kind text, amount numeric(12, 2), payload jsonb);
INSERT INTO public.events
SELECT i, timestamptz '2025-01-01' + interval '40 milliseconds' * i, md5((i % 5000)::text)::uuid,
  (ARRAY['invoice.paid', 'invoice.created', 'customer.updated', 'delivery.failed'])[1 + hashint8(i) & 3],
  (hashint8(i * 3) & 1048575) / 100.0,
  jsonb_build_object('event', md5(i::text), 'url', 'https://hooks.example.com/v1/endpoints/' || (hashint8(i * 5) & 8191),
    'status', (ARRAY[200, 200, 200, 202, 404, 500, 503, 200])[1 + hashint8(i * 7) & 7],
    'headers', jsonb_build_object('user-agent', 'webhooks/2.4 (+https://example.com/hooks)', 'content-type', 'application/json',
      'x-signature', 'sha256=' || md5((i * 11)::text) || md5((i * 13)::text), 'x-attempt', hashint8(i * 17) & 7),
    'customer', jsonb_build_object('id', 'cus_' || (hashint8(i * 19) & 65535), 'plan', 'pro', 'country', 'FR'),
    'took_ms', hashint8(i * 23) & 4095)
FROM generate_series(1, {ROWS}::bigint) AS i;
VACUUM (FREEZE, ANALYZE) public.events;
"""


def room(folder):
    return os.path.isdir(folder) and os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > 3000 * ROWS


def pipeline(command):
    return ["bash", "-o", "pipefail", "-c", command]


def archive():
    psql("postgres", "DROP DATABASE IF EXISTS bench_archive")
    psql("postgres", "CREATE DATABASE bench_archive")
    psql("bench_archive", file=write("archive.sql", SETUP))
    durable = os.environ.get("PARTRUN_BENCH_FSYNC") == "on"
    base = work if durable or not room("/dev/shm") else "/dev/shm"
    with tempfile.TemporaryDirectory(prefix="partrun-bench.", dir=base) as folder:
        measure(folder, durable)
    psql("postgres", "DROP DATABASE bench_archive")


def measure(folder, durable):
    def clear():
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))

    def by_copy(options, into, name):
        flush = f" && sync '{folder}/{name}'" if durable else ""
        return pipeline(f"psql -qX -d bench_archive -c 'COPY public.events TO STDOUT ({options})' {into} '{folder}/{name}'{flush}")

    def by_partrun(name):
        return [PARTRUN, "archive", "-q", "-d", "dbname=bench_archive", "public.events", f"file://{folder}/{name}"]

    contestants = {
        "psql COPY, csv, to a file": by_copy("FORMAT csv, HEADER", ">", "raw.csv"),
        "psql COPY, csv | zstd -3 -T2": by_copy("FORMAT csv, HEADER", "| zstd -q -3 -T2 -o", "raw.csv.zst"),
        "psql COPY, binary | zstd -3 -T2": by_copy("FORMAT binary", "| zstd -q -3 -T2 -o", "raw.copy.zst"),
        "partrun archive, csv": by_partrun("events.csv"),
        "partrun archive, csv.zst": by_partrun("events.csv.zst"),
        "partrun archive, copy.zst": by_partrun("events.copy.zst"),
    }
    bucket = os.environ.get("PARTRUN_TEST_S3")
    if bucket:
        # The gateway does its own first steps with the first object.
        psql("bench_archive", "CREATE TABLE public.little AS SELECT 1 AS id")
        timed([PARTRUN, "archive", "-q", "-d", "dbname=bench_archive", "public.little", f"{bucket}/bench/little.csv.zst"])
        contestants["partrun archive, csv.zst to S3"] = lambda number: [
            PARTRUN, "archive", "-q", "-d", "dbname=bench_archive", "public.events", f"{bucket}/bench/{number}.csv.zst"]
    peaks = {}
    size = int(psql("bench_archive", "SELECT pg_table_size('public.events')")) / 2**30
    times = compare(f"Archiving {ROWS:,} rows ({size:.1f} GiB in the database), verified", clear, contestants, peaks=peaks)
    for name in peaks:
        if name.startswith("partrun"):
            print(f"  {name:<42} {peaks[name]:8.1f} MiB")
    target("csv / psql COPY", ratio(times, "partrun archive, csv", "psql COPY, csv, to a file"), 1.1)
    target("csv.zst / psql COPY | zstd", ratio(times, "partrun archive, csv.zst", "psql COPY, csv | zstd -3 -T2"), 1.3)
    target("copy.zst / psql COPY csv | zstd", ratio(times, "partrun archive, copy.zst", "psql COPY, csv | zstd -3 -T2"), 1.3)
    target("copy.zst / psql COPY binary | zstd", ratio(times, "partrun archive, copy.zst", "psql COPY, binary | zstd -3 -T2"), 1.3)
    if bucket:
        target("S3 / the local file", ratio(times, "partrun archive, csv.zst to S3", "partrun archive, csv.zst"), 1.3)
    # A process is accounted at least what the one that started it held.
    floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    target(f"peak memory, MiB (not measured below {floor:.0f})", max(v for n, v in peaks.items() if n.startswith("partrun")), 64)
