"""Partitions of many tenants: made, and looked at again."""

import os

from support import (BARE, Delay, by_psql, compare, day, expect, fresh, partrun, psql, ratio, raw, target, timed, write)

TENANTS = int(os.environ.get("PARTRUN_BENCH_TENANTS", "200"))
MANY = int(os.environ.get("PARTRUN_BENCH_BRANCHES", "2000"))
DAYS = 30
COLUMNS = """(project text NOT NULL, at timestamptz NOT NULL, id bigint NOT NULL, kind text, payload jsonb,
  PRIMARY KEY (project, at, id))"""
PROJECTS = """CREATE TABLE public.projects (uid text PRIMARY KEY);
INSERT INTO public.projects SELECT 't' || lpad(i::text, 4, '0') FROM generate_series(0, {n} - 1) AS i;
"""


def table(layout, tenants):
    return (f"CREATE TABLE public.events {COLUMNS} PARTITION BY {layout};\n"
            "CREATE INDEX ON public.events (kind, at); CREATE INDEX ON public.events (at);\n" + PROJECTS.format(n=tenants))


def policy():
    return write("tenants.lua", f"""return require "partrun".policy {{ table = "public.events", key = "at", interval = "1 day",
  premake = {DAYS - 1}, cleanup = "drop",
  tenant = {{ key = "project", values = "SELECT uid AS id FROM public.projects" }},
  retention = function(ctx) return ctx.tenant.id == "t0000" and "10 days" or "90 days" end }}""")


def ids(tenants):
    return [f"t{n:04}" for n in range(tenants)]


def leaf(parent, name, frm, to):
    return f"CREATE TABLE public.{name} PARTITION OF public.{parent} FOR VALUES FROM ({frm}) TO ({to});\n"


def in_one_key(tenants):
    return [leaf("events", f"events_{t}_d{n}", f"'{t}', '{day(n)}'", f"'{t}', '{day(n + 1)}'")
            for t in ids(tenants) for n in range(DAYS)]


def branch(t):
    return (f"CREATE TABLE public.events_{t} PARTITION OF public.events FOR VALUES IN ('{t}') PARTITION BY RANGE (at);\n"
            + "".join(leaf(f"events_{t}", f"events_{t}_d{n}", f"'{day(n)}'", f"'{day(n + 1)}'") for n in range(DAYS)))


def creation(layout, statements):
    make = fresh("bench_tenants", table(layout, TENANTS))
    times = compare(f"{TENANTS} tenants x {DAYS} daily partitions, {layout}", make, {
        "raw PARTITION OF, one per commit": by_psql("bench_tenants", raw("tenants.sql", statements)),
        "partrun apply": partrun("bench_tenants", policy()),
    }, check=expect("bench_tenants", TENANTS * DAYS))
    target(f"partrun / raw, {layout}", ratio(times, "partrun apply", "raw PARTITION OF, one per commit"), 1.2)


def no_op(database, partitions, layout):
    """Everything is there: planning is all that a run does."""
    for catalog in ("pg_class", "pg_inherits"):
        psql(database, f"VACUUM ANALYZE {catalog}")
    peaks = {}
    times = compare(f"A run with nothing to do, {partitions:,} partitions of tenants, {layout}", lambda: None, {
        "the bare catalog query (psql)": ["psql", "-qXAt", "-d", database, "-o", "/dev/null", "-f", write("bare.sql", BARE)],
        "partrun apply": partrun(database, policy()),
    }, check=expect(database, partitions), peaks=peaks)
    target(f"partrun / bare query, {partitions:,} partitions, {layout}",
           ratio(times, "partrun apply", "the bare catalog query (psql)"), 1.5)
    print(f"  partrun's peak memory: {peaks['partrun apply']:.1f} MiB")
    with Delay() as proxy:
        proxy.count()
        timed(partrun(database, policy()), proxy.env)
        print(f"  round trips: {proxy.count()}")


def tenants():
    creation("RANGE (project, at)", in_one_key(TENANTS))
    # One parent with tens of thousands of partitions takes PostgreSQL itself the better part of an hour to make.
    no_op("bench_tenants", TENANTS * DAYS, "RANGE (project, at)")
    creation("LIST (project)", [branch(t) for t in ids(TENANTS)])
    psql("postgres", "DROP DATABASE bench_tenants")
    # Without indexes: they are not read when there is nothing to make, and take most of the time to make here.
    setup = "CREATE TABLE public.events (project text, at timestamptz, id bigint) PARTITION BY LIST (project);\n"
    setup += PROJECTS.format(n=MANY) + "".join(f"BEGIN;\n{branch(t)}COMMIT;\n" for t in ids(MANY))
    fresh("bench_branches", setup)()
    no_op("bench_branches", MANY * DAYS, "LIST (project)")
