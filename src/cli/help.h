/* Help texts, made from the tables in options.h. */
#ifndef PRT_CLI_HELP_H
#define PRT_CLI_HELP_H

#include "base/buf.h"
#include "cli/options.h"

void prt_help_overview(prt_buf *out, bool bold);
void prt_help_command(prt_buf *out, const prt_command *command, bool bold);

#endif
