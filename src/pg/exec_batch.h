/* Batches of creations: how operations are put together, and what a batch sends. Shared by exec_create.c and exec_jobs.c. */
#ifndef PRT_PG_EXEC_BATCH_H
#define PRT_PG_EXEC_BATCH_H

#include "pg/exec.h"

typedef enum prt_stage {
    PRT_STAGE_WHOLE,  /* the operations as they are */
    PRT_STAGE_MAKE,   /* the tables only */
    PRT_STAGE_ATTACH, /* what was made */
} prt_stage;

typedef struct prt_batch {
    struct prt_batch *next;
    prt_stage stage;
    prt_task *tasks;
    size_t length;
    size_t statement;   /* of a lone operation: where its next transaction begins */
    size_t end;         /* and ends */
    int attempts;       /* failed ones so far */
    int64_t not_before; /* monotonic: the wait before another try */
    int64_t started;    /* monotonic; 0: not yet */
} prt_batch;

typedef struct prt_queue {
    prt_batch *first, *last;
} prt_queue;

void prt_queue_append(prt_queue *queue, prt_batch *batch);
void prt_queue_prepend(prt_queue *queue, prt_batch *batch);
/* Takes the first batch that is due and shares no set with one before it, so that a set's order is kept while another
 * waits for its next try. NULL: none now; *wake is then lowered to the time of the next. */
prt_batch *prt_queue_take(prt_queue *queue, int64_t now, int64_t *wake);

prt_batch *prt_batch_new(prt_arena *arena, prt_stage stage, const prt_task *tasks, size_t length);
/* Appends the creations of a set, as batches; neighbours of one queue may share a batch. */
void prt_batch_fill(prt_executor *x, prt_queue *queue, size_t set, prt_stage stage);
/* True when all creations of the set are plain ones, which may be made and attached in any order. */
bool prt_batch_is_plain(const prt_set *set);
/* The statements to send now; sets batch->end. */
void prt_batch_script(prt_executor *x, prt_batch *batch, prt_script *script);

#endif
