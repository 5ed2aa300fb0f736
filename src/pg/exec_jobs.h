/* Several sessions for creation: who gets which sets. */
#ifndef PRT_PG_EXEC_JOBS_H
#define PRT_PG_EXEC_JOBS_H

#include "pg/exec_batch.h"

typedef struct prt_session {
    prt_conn *conn;  /* NULL: lost */
    prt_queue queue; /* its own: what only it may do */
    prt_batch *running;
    prt_script script; /* what was sent for it */
} prt_session;

typedef struct prt_crew {
    prt_session *sessions; /* the first is the run's own */
    size_t length;
    prt_queue shared; /* what any of them may do */
} prt_crew;

/* Opens as many sessions as asked for and worth it, and hands out the work. Sessions that cannot be opened are done without. */
PRT_NODISCARD bool prt_crew_gather(prt_executor *x, prt_crew *crew, prt_error *err);
/* Closes all sessions but the run's own. */
void prt_crew_dismiss(prt_crew *crew);

#endif
