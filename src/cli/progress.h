/* Reports a run while it goes on: a line an operation on stdout, a bar on stderr when that is a terminal. */
#ifndef PRT_CLI_PROGRESS_H
#define PRT_CLI_PROGRESS_H

#include "cli/cli.h"

typedef struct prt_progress {
    prt_cli *cli;
    prt_arena *arena;   /* of the line in hand */
    const prt_set *set; /* whose header was printed last */
    bool bar;           /* a bar is on the screen */
    int64_t drawn;      /* when, monotonic */
} prt_progress;

void prt_progress_init(prt_progress *progress, prt_cli *cli);
void prt_progress_event(void *progress, const prt_run_event *event); /* prt_run_options.progress */
/* Takes the bar away, then what is left to say: findings, and the line that sums up. */
void prt_progress_finish(prt_progress *progress, const prt_result *result, int64_t duration);
void prt_progress_done(prt_progress *progress);

/* {"version","database","run","done","failed","skipped","locked","sets":[...]} */
json_t *prt_result_json(prt_arena *arena, const prt_result *result);

#endif
