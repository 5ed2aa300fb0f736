/*
 * One run at a time per partition set, across processes and machines: a session-level advisory lock on the oid of the
 * set's parent, so that it goes away with the session. PostgreSQL manual: Advisory Locks.
 */
#ifndef PRT_PG_LOCK_H
#define PRT_PG_LOCK_H

#include "pg/conn.h"

/* The first of the two keys of each advisory lock ("prt1"). Key two is the parent's oid, or 0 for the journal's making. */
#define PRT_LOCK_CLASS 1886549041

typedef struct prt_locks {
    uint32_t *held, *busy; /* oids of parents, ascending: locked by us; locked by another session */
    size_t held_length, busy_length;
} prt_locks;

/*
 * Tries to lock every set of these tables ("schema.table" texts): the table itself where it is partitioned by RANGE, each
 * RANGE parent below where by LIST or HASH. One query, no waiting; tables that do not exist are passed over.
 */
PRT_NODISCARD bool prt_lock_sets(prt_conn *conn, prt_arena *arena, const char *const *tables, size_t length,
                                 prt_locks *out, prt_error *err);
bool prt_lock_holds(const prt_locks *locks, uint32_t parent);
/* Gives back what is held. */
PRT_NODISCARD bool prt_lock_release(prt_conn *conn, prt_arena *arena, prt_locks *locks, prt_error *err);

#endif
