/* COPY as a stream. The statement is cancelled and drained when `take` or `give` fails, or an interrupt comes. */
#ifndef PRT_PG_COPY_H
#define PRT_PG_COPY_H

#include "pg/conn.h"

/* COPY ... TO STDOUT: `take` gets the bytes as they come (whole rows). *rows: from the server's command tag. */
PRT_NODISCARD bool prt_copy_out(prt_conn *conn, const char *sql,
                                bool (*take)(void *data, const char *bytes, size_t length, prt_error *err), void *data,
                                int64_t *rows, prt_error *err);
/* COPY ... FROM STDIN: `give` says what comes next; *length 0: the end. */
PRT_NODISCARD bool prt_copy_in(prt_conn *conn, const char *sql,
                               bool (*give)(void *data, const char **bytes, size_t *length, prt_error *err), void *data,
                               int64_t *rows, prt_error *err);

#endif
