#include "pg/exec_jobs.h"

#include <stdlib.h>

#include "pg/exec_create.h"
#include "pg/query.h"

enum { LARGEST_CREW = 32, WORTH_A_SESSION = 4 };

/* Sets that have to stay together, as a forest: root[i] is another set of the same group, or i itself. */
typedef struct groups {
    size_t *root;
    size_t *weight; /* of roots: creations of the whole group */
    size_t length;
} groups;

static size_t
find_root(groups *g, size_t i)
{
    while (g->root[i] != i)
        i = g->root[i] = g->root[g->root[i]];
    return i;
}

static void
join(groups *g, size_t a, size_t b)
{
    a = find_root(g, a);
    b = find_root(g, b);
    if (a == b)
        return;
    g->root[b] = a;
    g->weight[a] += g->weight[b];
    g->weight[b] = 0;
}

typedef struct tie {
    uint32_t table;
    size_t set;
} tie;

static int
compare_ties(const void *a, const void *b)
{
    const tie *x = a, *y = b;
    if (x->table != y->table)
        return x->table < y->table ? -1 : 1;
    return (x->set > y->set) - (x->set < y->set);
}

static const char *
parents_literal(prt_executor *x)
{
    const prt_plan *plan = x->result->plan;
    uint32_t *oids = prt_arena_array(x->arena, plan->sets.length, sizeof *oids);
    for (size_t i = 0; i < plan->sets.length; i++)
        oids[i] = plan->sets.items[i].parent->oid;
    return prt_array_oids(x->arena, oids, plan->sets.length);
}

/* Sets of one parent (two policies on it), and sets whose foreign keys meet in one table, form one group. */
static bool
join_tied(prt_executor *x, groups *g, prt_error *err)
{
    const prt_plan *plan = x->result->plan;
    const char *values[] = {parents_literal(x)};
    PGresult *result = NULL;
    if (!prt_query_file(x->conn, "set_ties", 1, values, &result, err))
        return false;
    size_t rows = (size_t) PQntuples(result), length = 0;
    tie *ties = prt_arena_array(x->arena, rows * g->length + g->length + 1, sizeof *ties);
    for (size_t i = 0; i < g->length; i++)
        ties[length++] = (tie) {plan->sets.items[i].parent->oid, i};
    for (size_t row = 0; row < rows; row++) {
        uint32_t parent = (uint32_t) strtoul(PQgetvalue(result, (int) row, 0), NULL, 10);
        uint32_t other = (uint32_t) strtoul(PQgetvalue(result, (int) row, 1), NULL, 10);
        for (size_t i = 0; i < g->length; i++)
            if (plan->sets.items[i].parent->oid == parent)
                ties[length++] = (tie) {other, i};
    }
    PQclear(result);
    qsort(ties, length, sizeof *ties, compare_ties);
    for (size_t i = 1; i < length; i++)
        if (ties[i].table == ties[i - 1].table && ties[i].table != 0)
            join(g, ties[i - 1].set, ties[i].set);
    return true;
}

static void
init_groups(prt_executor *x, groups *g)
{
    const prt_plan *plan = x->result->plan;
    *g = (groups) {.length = plan->sets.length};
    g->root = prt_arena_array(x->arena, g->length, sizeof *g->root);
    g->weight = prt_arena_array(x->arena, g->length, sizeof *g->weight);
    for (size_t i = 0; i < g->length; i++) {
        g->root[i] = i;
        g->weight[i] = prt_exec_creations(&plan->sets.items[i]);
    }
}

/* Largest groups first, each to the session with the least to do; sets keep their order within a session. */
static void
share_out(prt_executor *x, prt_crew *crew, groups *g)
{
    size_t *load = prt_arena_array(x->arena, crew->length, sizeof *load);
    size_t *owner = prt_arena_array(x->arena, g->length, sizeof *owner);
    bool *given = prt_arena_array(x->arena, g->length, sizeof *given);
    for (;;) {
        size_t best = g->length, least = 0;
        for (size_t i = 0; i < g->length; i++)
            if (!given[i] && g->weight[i] > 0 && (best == g->length || g->weight[i] > g->weight[best]))
                best = i;
        if (best == g->length)
            break;
        for (size_t s = 1; s < crew->length; s++)
            if (load[s] < load[least])
                least = s;
        given[best] = true;
        owner[best] = least;
        load[least] += g->weight[best];
    }
    for (size_t i = 0; i < g->length; i++)
        prt_batch_fill(x, &crew->sessions[owner[find_root(g, i)]].queue, i, PRT_STAGE_WHOLE);
}

/* One group outweighs the others: sharing out sets would leave sessions idle. All make tables, the first attaches them. */
static bool
is_lopsided(const groups *g, size_t total)
{
    for (size_t i = 0; i < g->length; i++)
        if (g->weight[i] * 3 > total * 2)
            return true;
    return false;
}

static void
share_making(prt_executor *x, prt_crew *crew)
{
    const prt_plan *plan = x->result->plan;
    for (size_t i = 0; i < plan->sets.length; i++) {
        bool plain = prt_batch_is_plain(&plan->sets.items[i]);
        prt_batch_fill(x, plain ? &crew->shared : &crew->sessions[0].queue, i,
                       plain ? PRT_STAGE_MAKE : PRT_STAGE_WHOLE);
    }
}

static void
open_sessions(prt_executor *x, prt_crew *crew, size_t wanted)
{
    while (crew->length < wanted) {
        prt_error err = {0};
        prt_conn *conn = NULL;
        if (!prt_conn_open(prt_conn_options_of(x->conn), &conn, &err)) {
            prt_log_error(x->options->log, &err);
            return;
        }
        crew->sessions[crew->length++] = (prt_session) {.conn = conn};
    }
}

bool
prt_crew_gather(prt_executor *x, prt_crew *crew, prt_error *err)
{
    size_t total = 0, wanted = x->options->jobs < 1 ? 1 : (size_t) x->options->jobs;
    groups g;
    init_groups(x, &g);
    for (size_t i = 0; i < g.length; i++)
        total += g.weight[i];
    if (wanted > LARGEST_CREW)
        wanted = LARGEST_CREW;
    if (wanted > total / WORTH_A_SESSION)
        wanted = total / WORTH_A_SESSION > 0 ? total / WORTH_A_SESSION : 1;
    *crew = (prt_crew) {.length = 1, .sessions = prt_arena_array(x->arena, wanted, sizeof *crew->sessions)};
    crew->sessions[0].conn = x->conn;
    if (wanted > 1) {
        if (!join_tied(x, &g, err))
            return false;
        open_sessions(x, crew, wanted);
    }
    if (crew->length > 1 && is_lopsided(&g, total))
        share_making(x, crew);
    else
        share_out(x, crew, &g);
    return true;
}

void
prt_crew_dismiss(prt_crew *crew)
{
    for (size_t i = 1; i < crew->length; i++)
        prt_conn_close(crew->sessions[i].conn);
    crew->length = 1;
}
