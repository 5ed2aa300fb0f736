/* Scripts: which statements form one transaction, and under which timeouts they run. */
#include <inttypes.h>

#include "pg/exec.h"

static void
push(prt_arena *arena, prt_script *script, const char *sql, int owner)
{
    prt_vec_push(arena, &script->sql, sql);
    prt_vec_push(arena, &script->owners, owner);
}

void
prt_script_add(prt_arena *arena, prt_script *script, const prt_statement *statement, int owner)
{
    bool lift = (statement->flags & PRT_LONG) != 0;
    if (lift && !script->lifted && script->sql.length > 0) {
        /* The session's timeout is about to be lifted for the whole transaction: give it back to what came before. */
        prt_script rest = {.statement_ms = script->statement_ms, .lifted = true};
        push(arena, &rest, prt_arena_printf(arena, "SET LOCAL statement_timeout = %" PRId64, script->statement_ms),
             PRT_OWNER_NONE);
        for (size_t i = 0; i < script->sql.length; i++)
            push(arena, &rest, script->sql.items[i], script->owners.items[i]);
        *script = rest;
    } else if (lift && !script->lifted) {
        script->lifted = script->now_lifted = true;
    }
    if (script->lifted && lift != script->now_lifted) {
        const char *set = lift
                              ? "SET LOCAL statement_timeout = 0"
                              : prt_arena_printf(arena, "SET LOCAL statement_timeout = %" PRId64, script->statement_ms);
        push(arena, script, set, PRT_OWNER_NONE);
        script->now_lifted = lift;
    }
    push(arena, script, statement->sql, owner);
}

void
prt_script_journal(prt_arena *arena, prt_script *script, const char *insert)
{
    if (insert != NULL)
        prt_script_add(arena, script, &(prt_statement) {.sql = insert}, PRT_OWNER_JOURNAL);
}

int
prt_script_owner(const prt_script *script, size_t failed)
{
    return failed < script->owners.length ? script->owners.items[failed] : PRT_OWNER_NONE;
}

void
prt_script_timeouts(prt_conn *conn, const prt_script *script, int64_t lock_ms)
{
    prt_conn_timeouts_soon(conn, lock_ms, script->lifted ? 0 : script->statement_ms);
}

size_t
prt_group_end(const prt_statement *statements, size_t length, size_t start)
{
    size_t end = start + 1;
    if ((statements[start].flags & PRT_ALONE) != 0)
        return end;
    while (end < length && (statements[end].flags & (PRT_ALONE | PRT_BREAK)) == 0)
        end++;
    return end;
}
