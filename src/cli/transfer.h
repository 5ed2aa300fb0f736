/* What archive and restore share: options of the store, and a line on a terminal that says how far it has come. */
#ifndef PRT_CLI_TRANSFER_H
#define PRT_CLI_TRANSFER_H

#include "archive/archive.h"
#include "cli/cli.h"

typedef struct prt_transfer {
    prt_cli *cli;
    const char *verb; /* "archiving", "restoring" */
    prt_archive_options options;
    prt_log log;     /* without what the line on the terminal says already */
    int64_t started; /* monotonic */
    bool shown;      /* a line is on the screen */
} prt_transfer;

void prt_transfer_begin(prt_transfer *transfer, prt_cli *cli, const char *verb);
/* Takes the line away. The time since the beginning, as text. */
const char *prt_transfer_end(prt_transfer *transfer);

#endif
