/* The PRT_ARCHIVE statement of an operation: the archiver's work, and what it makes of the rest. */
#ifndef PRT_PG_EXEC_ARCHIVE_H
#define PRT_PG_EXEC_ARCHIVE_H

#include "pg/exec.h"

/*
 * Archives the partition, or makes sure that its archive is still there. True: it is proven, operation->archived says of what,
 * and the statements after `index` are rendered anew where that matters.
 */
PRT_NODISCARD bool prt_exec_archive(prt_executor *x, prt_task task, size_t index, prt_error *err);

#endif
