#include "pg/conn.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "pg/conn_impl.h"
#include "pg/query.h"

enum {
    OLDEST_VERSION = 140000,
    LOCK_MS = 300,            /* until prt_conn_timeouts says otherwise */
    STATEMENT_MS = 60 * 1000, /* reads of a large catalog on a slow server */
    CONNECT_S = 10,
    LOCK_SHARE = 4, /* one transaction takes at most a quarter of the lock table: it is everybody's */
    LEAST_LOCKS = 16,
    PROBE_US = 2 * 1000 * 1000,
};

const prt_conn_options *
prt_conn_options_of(const prt_conn *conn)
{
    return &conn->options;
}

int
prt_conn_version(const prt_conn *conn)
{
    return PQserverVersion(conn->raw);
}

const char *
prt_conn_describe(const prt_conn *conn)
{
    return conn->describe;
}

PGconn *
prt_conn_raw(const prt_conn *conn)
{
    return conn->raw;
}

bool
prt_conn_is_pooled(const prt_conn *conn)
{
    return conn->pooled;
}

const prt_conn_facts *
prt_conn_facts_of(const prt_conn *conn)
{
    return &conn->facts;
}

bool
prt_conn_shield(prt_conn *conn, bool on)
{
    bool before = conn->shielded;
    conn->shielded = on;
    return before;
}

unsigned
prt_conn_round_trips(const prt_conn *conn)
{
    return conn->round_trips;
}

static void
log_notice(void *data, const char *message)
{
    const prt_conn *conn = data;
    if (conn->options.log != NULL)
        prt_log_fmt(conn->options.log, PRT_DEBUG, "%.*s", (int) strcspn(message, "\n"), message);
}

/* libpq quotes pieces of a connection string in its complaints about it: a password may be among them. */
static void
redact(char *text)
{
    char *out = text;
    for (const char *in = text; *in != '\0'; in++) {
        if (*in == '\n') {
            *out++ = ' ';
            continue;
        }
        *out++ = *in;
        if (*in != '"')
            continue;
        const char *end = strrchr(in + 1, '"');
        if (end != NULL) {
            *out++ = '"';
            in = end;
        }
    }
    *out = '\0';
    while (out > text && (out[-1] == ' ' || out[-1] == '.'))
        *--out = '\0';
}

static bool
is_conninfo(const char *dsn)
{
    return strchr(dsn, '=') != NULL || strncmp(dsn, "postgres://", 11) == 0 || strncmp(dsn, "postgresql://", 13) == 0;
}

static bool
check_dsn(const char *dsn, prt_error *err)
{
    char *why = NULL;
    if (dsn == NULL || !is_conninfo(dsn))
        return true;
    PQconninfoOption *parsed = PQconninfoParse(dsn, &why);
    bool ok = parsed != NULL;
    PQconninfoFree(parsed);
    if (!ok) {
        if (why != NULL)
            redact(why);
        prt_fail(err, PRT_ERR_USAGE, "the connection string cannot be read: %s", why != NULL ? why : "out of memory");
        prt_fail_hint(err, "write it as postgresql://user@host:port/database or as host=... dbname=... user=...");
    }
    PQfreemem(why);
    return ok;
}

/* Defaults come before the DSN, which overrides them; what partrun relies on comes after it. */
static PGconn *
start(const prt_conn_options *options)
{
    const char *const names[] = {"keepalives_idle",
                                 "keepalives_interval",
                                 "keepalives_count",
                                 "tcp_user_timeout",
                                 "dbname",
                                 "client_encoding",
                                 "fallback_application_name",
                                 options->application_name != NULL ? "application_name" : NULL,
                                 NULL};
    const char *const values[] = {"30",
                                  "10",
                                  "3",
                                  "30000",
                                  options->dsn != NULL && options->dsn[0] != '\0' ? options->dsn : NULL,
                                  "UTF8",
                                  "partrun",
                                  options->application_name,
                                  NULL};
    return PQconnectStartParams(names, values, 1);
}

/* Seconds for the whole attempt: ours, or the user's connect_timeout, for each of the hosts. */
static int64_t
connect_seconds(const prt_conn *conn)
{
    int64_t seconds = 0, hosts = 1;
    PQconninfoOption *all = PQconninfo(conn->raw);
    for (const PQconninfoOption *o = all; o != NULL && o->keyword != NULL; o++) {
        if (o->val == NULL)
            continue;
        if (strcmp(o->keyword, "connect_timeout") == 0)
            seconds = strtol(o->val, NULL, 10);
        if (strcmp(o->keyword, "host") == 0)
            for (const char *c = o->val; *c != '\0'; c++)
                hosts += *c == ',';
    }
    PQconninfoFree(all);
    if (conn->options.connect_timeout_s > 0)
        seconds = conn->options.connect_timeout_s;
    return (seconds > 0 ? seconds : CONNECT_S) * hosts;
}

static void
describe(prt_conn *conn)
{
    const char *host = PQhost(conn->raw), *user = PQuser(conn->raw), *database = PQdb(conn->raw);
    conn->describe = prt_arena_printf(conn->arena, "dbname=%s host=%s user=%s", database != NULL ? database : "?",
                                      host != NULL && host[0] != '\0' ? host : "?", user != NULL ? user : "?");
}

static bool
fail_connect(prt_conn *conn, const char *why, prt_error *err)
{
    char message[700];
    snprintf(message, sizeof message, "%s", why);
    size_t length = strlen(message);
    for (char *c = message; *c != '\0'; c++)
        if (*c == '\n' || *c == '\t')
            *c = ' ';
    while (length > 0 && (message[length - 1] == ' ' || message[length - 1] == '.'))
        message[--length] = '\0';
    prt_fail(err, PRT_ERR_CONNECT, "cannot connect (%s): %s", conn->describe, message);
    if (PQconnectionNeedsPassword(conn->raw) || PQconnectionUsedPassword(conn->raw))
        return prt_fail_hint(err, "check the password in ~/.pgpass, PGPASSWORD or the service file");
    return prt_fail_hint(err,
                         "check --dsn, PARTRUN_DSN or PGHOST, PGPORT, PGUSER and PGDATABASE, and that the server runs");
}

static bool
reach(prt_conn *conn, prt_error *err)
{
    describe(conn);
    if (PQstatus(conn->raw) == CONNECTION_BAD)
        return fail_connect(conn, PQerrorMessage(conn->raw), err);
    int64_t seconds = connect_seconds(conn);
    int64_t deadline = prt_clock_monotonic() + seconds * 1000 * 1000;
    PostgresPollingStatusType want = PGRES_POLLING_WRITING;
    while (want != PGRES_POLLING_OK) {
        if (want == PGRES_POLLING_FAILED)
            return fail_connect(conn, PQerrorMessage(conn->raw), err);
        if (prt_io_interrupted(conn))
            return prt_fail(err, PRT_ERR_INTERRUPTED, "interrupted");
        if (prt_clock_monotonic() >= deadline) {
            char why[64];
            snprintf(why, sizeof why, "no answer within %lld s", (long long) seconds);
            return fail_connect(conn, why, err);
        }
        struct pollfd fd = {.fd = PQsocket(conn->raw), .events = want == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        if (poll(&fd, 1, 100) > 0)
            want = PQconnectPoll(conn->raw);
    }
    describe(conn);
    PQsetnonblocking(conn->raw, 1);
    return true;
}

static const char *
copy(prt_conn *conn, const PGresult *result, int column)
{
    return prt_arena_strdup(conn->arena, PQgetvalue(result, 0, column));
}

static void
take_facts(prt_conn *conn, const PGresult *facts, const PGresult *system)
{
    prt_conn_facts *f = &conn->facts;
    f->user = copy(conn, facts, 1);
    f->superuser = PQgetvalue(facts, 0, 2)[0] == 't';
    f->database = copy(conn, facts, 3);
    f->database_oid = (uint32_t) strtoul(PQgetvalue(facts, 0, 4), NULL, 10);
    f->system = system != NULL ? copy(conn, system, 0)
                               : prt_arena_printf(conn->arena, "db:%s", PQgetvalue(facts, 0, 5));
    long long budget = strtoll(PQgetvalue(facts, 0, 6), NULL, 10) / LOCK_SHARE;
    f->lock_budget = budget < LEAST_LOCKS ? LEAST_LOCKS : budget > 1000000 ? 1000000 : (int) budget;
}

/* Settings and facts in one round trip; *backend is the process that served it. */
static bool
set_up(prt_conn *conn, bool with_system, int *backend, prt_error *err)
{
    char lock[24], statement[24];
    const char *const values[] = {"false", lock, statement};
    snprintf(lock, sizeof lock, "%lld", (long long) conn->lock_ms);
    snprintf(statement, sizeof statement, "%lld", (long long) conn->statement_ms);
    prt_step steps[3] = {{.sql = prt_sql_text("session"), .params = 3, .values = values},
                         {.sql = prt_sql_text("facts")},
                         {.sql = prt_sql_text("system")}};
    PGresult *results[3] = {0};
    bool ok = prt_job_send(conn, steps, with_system ? 3 : 2, results, err) && prt_job_finish(conn, NULL, err);
    if (ok) {
        take_facts(conn, results[1], results[2]);
        *backend = (int) strtol(PQgetvalue(results[1], 0, 0), NULL, 10);
    }
    for (size_t i = 0; i < 3; i++)
        PQclear(results[i]);
    return ok;
}

static bool
may_not_read_system(const prt_error *err)
{
    return strcmp(err->sqlstate, "42501") == 0 || strcmp(err->sqlstate, "42883") == 0;
}

/* The process that serves this session, in a transaction that stays open; 0: not known, and err says why. */
static int
serving_backend(prt_conn *conn, prt_error *err)
{
    const prt_step steps[2] = {{.sql = "BEGIN"}, {.sql = "SELECT pg_catalog.pg_backend_pid()"}};
    PGresult *results[2] = {0};
    int backend = 0;
    if (prt_job_send(conn, steps, 2, results, err)) {
        conn->job.deadline = prt_clock_monotonic() + PROBE_US;
        if (prt_job_finish(conn, NULL, err))
            backend = (int) strtol(PQgetvalue(results[1], 0, 0), NULL, 10);
    }
    PQclear(results[0]);
    PQclear(results[1]);
    return backend;
}

/*
 * Something sits between, as the backend's process is not the one that the client was told of. It is harmless when it
 * keeps this session on its backend. To find out, a second session holds a backend in a transaction: it must not get
 * the one that served us, and ours must still be ours afterwards. A second session that waits in vain shows that ours
 * holds on to the pool's last backend; any other failure proves nothing, and then the worse is assumed.
 */
static bool
is_shared_backend(prt_conn *conn, int backend)
{
    prt_error err = {0}, ignored = {0};
    prt_conn probe = {.arena = conn->arena, .options = conn->options};
    probe.raw = start(&probe.options);
    bool shared = true;
    if (probe.raw != NULL && reach(&probe, &err)) {
        PQsetNoticeProcessor(probe.raw, log_notice, conn);
        int64_t asked = prt_clock_monotonic();
        int other = serving_backend(&probe, &err);
        if (other == 0) /* a pooler may hang up on a cancelled wait: the time tells, not the error */
            shared = prt_clock_monotonic() - asked < PROBE_US;
        else if (other != backend)
            shared = serving_backend(conn, &ignored) != backend || !prt_exec(conn, "ROLLBACK", &ignored);
    }
    PQfinish(probe.raw);
    return shared;
}

static bool
set_up_session(prt_conn *conn, prt_error *err)
{
    int backend = 0;
    prt_error first = {0};
    if (!set_up(conn, true, &backend, &first) &&
        !(may_not_read_system(&first) && set_up(conn, false, &backend, &first))) {
        if (err->code == PRT_OK)
            *err = first;
        return false;
    }
    if (backend != PQbackendPID(conn->raw))
        conn->pooled = is_shared_backend(conn, backend);
    return prt_io_check(conn, err);
}

static bool
open_session(prt_conn *conn, prt_error *err)
{
    if (!check_dsn(conn->options.dsn, err))
        return false;
    conn->raw = start(&conn->options);
    if (conn->raw == NULL)
        return prt_fail(err, PRT_ERR_CONNECT, "cannot connect: out of memory");
    if (!reach(conn, err))
        return false;
    PQsetNoticeProcessor(conn->raw, log_notice, conn);
    int version = PQserverVersion(conn->raw);
    if (version < OLDEST_VERSION) {
        const char *text = PQparameterStatus(conn->raw, "server_version");
        prt_fail(err, PRT_ERR_VERSION, "the server is PostgreSQL %s; partrun needs 14 or newer",
                 text != NULL ? text : "?");
        return prt_fail_hint(err, "upgrade the server (%s)", conn->describe);
    }
    return set_up_session(conn, err);
}

bool
prt_conn_open(const prt_conn_options *options, prt_conn **out, prt_error *err)
{
    prt_arena *arena = prt_arena_new();
    prt_conn *conn = PRT_NEW(arena, prt_conn);
    conn->arena = arena;
    conn->options = *options;
    conn->options.dsn = prt_arena_strdup(arena, options->dsn);
    conn->options.application_name = prt_arena_strdup(arena, options->application_name);
    conn->lock_ms = conn->sent_lock_ms = LOCK_MS;
    conn->statement_ms = conn->sent_statement_ms = STATEMENT_MS;
    if (!open_session(conn, err)) {
        prt_conn_close(conn);
        *out = NULL;
        return false;
    }
    *out = conn;
    return true;
}

void
prt_conn_close(prt_conn *conn)
{
    if (conn == NULL)
        return;
    PQfinish(conn->raw);
    prt_arena_free(conn->arena);
}

void
prt_conn_timeouts_of(const prt_conn *conn, int64_t *lock_ms, int64_t *statement_ms)
{
    *lock_ms = conn->lock_ms;
    *statement_ms = conn->statement_ms;
}

bool
prt_conn_settings(const prt_conn *conn, char *out, size_t size)
{
    bool lock = conn->lock_ms != conn->sent_lock_ms, statement = conn->statement_ms != conn->sent_statement_ms;
    if (conn->pooled || !(lock || statement))
        return false;
    if (lock && statement)
        snprintf(out, size,
                 "SELECT pg_catalog.set_config('lock_timeout', '%lld', false),"
                 " pg_catalog.set_config('statement_timeout', '%lld', false)",
                 (long long) conn->lock_ms, (long long) conn->statement_ms);
    else
        snprintf(out, size, "SET %s = %lld", lock ? "lock_timeout" : "statement_timeout",
                 (long long) (lock ? conn->lock_ms : conn->statement_ms));
    return true;
}

void
prt_conn_settled(prt_conn *conn, bool ok)
{
    conn->sent_lock_ms = ok ? conn->lock_ms : -1;
    conn->sent_statement_ms = ok ? conn->statement_ms : -1;
}

void
prt_conn_timeouts_soon(prt_conn *conn, int64_t lock_ms, int64_t statement_ms)
{
    conn->lock_ms = lock_ms;
    conn->statement_ms = statement_ms;
}

bool
prt_conn_timeouts(prt_conn *conn, int64_t lock_ms, int64_t statement_ms, prt_error *err)
{
    prt_conn_timeouts_soon(conn, lock_ms, statement_ms);
    return prt_exec_settings(conn, err);
}
