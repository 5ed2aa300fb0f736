/*
 * The journal: the history of runs and operations in the schema `partrun`. Never needed to decide anything; without the
 * privilege to write it a run warns once and goes on without.
 *
 * Rows of operations that succeed are written by a statement of their own transaction (prt_journal_rows): what is in the
 * catalog is in the journal, at no extra commit. Failures are written afterwards. A run that has nothing to do leaves no row.
 */
#ifndef PRT_PG_JOURNAL_H
#define PRT_PG_JOURNAL_H

#include "model/plan.h"
#include "pg/conn.h"

typedef struct prt_journal prt_journal;

typedef struct prt_journal_row {
    const prt_set *set;
    const prt_operation *operation;
    int attempts;
    int64_t duration; /* microseconds until now; for rows written inside their own transaction what came before it */
    const prt_error *error; /* NULL: done */
} prt_journal_row;

/*
 * Makes the tables when they are missing and writes the run's row. Never fails: on trouble it warns and gives a journal
 * that is off. `conn` is the one that prt_journal_write uses later.
 */
prt_journal *prt_journal_open(prt_conn *conn, prt_arena *arena, const prt_plan *plan, const prt_log *log);
/* The run's id; 0 when the journal is off, or NULL. */
int64_t prt_journal_run(const prt_journal *journal);
/* One INSERT for rows of a transaction that is about to be sent; NULL when the journal is off or there are none. */
const char *prt_journal_rows(prt_journal *journal, prt_arena *arena, const prt_journal_row *rows, size_t length);
/* Rows of what did not go through a transaction of its own (failures, concurrent detaches); written at once, without
 * waiting for the disk. */
void prt_journal_write(prt_journal *journal, const prt_journal_row *row);
/* The statement of prt_journal_rows was refused: warn once, and do without from now on. */
void prt_journal_off(prt_journal *journal, const prt_error *cause);
/* The run's end; `error` is NULL unless the run as a whole stopped. */
void prt_journal_close(prt_journal *journal, size_t done, size_t failed, size_t skipped, const prt_error *error);

#endif
