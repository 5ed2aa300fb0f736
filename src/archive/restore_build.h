/* The statements of a restore, inside its transaction: the table, and its attachment. For restore.c alone. */
#ifndef PRT_ARCHIVE_RESTORE_BUILD_H
#define PRT_ARCHIVE_RESTORE_BUILD_H

#include "base/log.h"
#include "model/render_definition.h"
#include "pg/conn.h"

typedef struct prt_builder {
    prt_conn *conn;
    prt_arena *arena;
    const prt_log *log; /* NULL: what is left out is not told */
    prt_rebuild rebuild;
    const char *parent_schema, *parent_name, *bound; /* NULL: not to be attached */
    prt_definition parent;                           /* of a table to be attached */
} prt_builder;

/* One statement, and no second one behind it. */
PRT_NODISCARD bool prt_build_run(prt_builder *builder, const char *sql, prt_error *err);
PRT_NODISCARD bool prt_build_steps(prt_builder *builder, prt_rebuild_steps steps, prt_error *err);
/*
 * Attaches the table while it is empty, and takes that back: what would refuse it is known before the rows are loaded, and
 * PostgreSQL tells the condition that they have to meet, which becomes a CHECK.
 */
PRT_NODISCARD bool prt_build_rehearse(prt_builder *builder, prt_error *err);
/* Attaches it; without a look at its rows, as the CHECK vouches for them. Retries for a lock that is not to be had at once. */
PRT_NODISCARD bool prt_build_attach(prt_builder *builder, prt_error *err);

#endif
