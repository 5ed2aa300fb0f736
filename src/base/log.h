/*
 * Logging to a stream (stderr), as text or as JSON lines. A message is a short sentence; what varies goes into
 * fields. Never log a secret: connection strings go through prt_conn_describe (pg/conn.h).
 */
#ifndef PRT_BASE_LOG_H
#define PRT_BASE_LOG_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"

typedef enum prt_level { PRT_DEBUG, PRT_INFO, PRT_WARNING, PRT_ERROR } prt_level;

typedef struct prt_log {
    FILE *stream;    /* NULL: nothing is written */
    prt_level level; /* messages below it are dropped */
    bool json;       /* JSON lines: {"time","level","message",...fields} */
    bool color;      /* text form: colour the level */
} prt_log;

typedef struct prt_field {
    const char *name;
    const char *value; /* NULL: left out */
} prt_field;

/* `fields` ends with a {NULL, NULL}; it may be NULL. */
void prt_log_write(const prt_log *log, prt_level level, const char *message, const prt_field *fields);
void prt_log_fmt(const prt_log *log, prt_level level, const char *format, ...) PRT_PRINTF(3, 4);
/* The error's message with its object, SQLSTATE and hint as fields. */
void prt_log_error(const prt_log *log, const prt_error *err);
bool prt_level_parse(const char *name, prt_level *level); /* debug info warning error */

#endif
