/* Archives as the planner and the executor see them: what to copy where, and what came of it. */
#ifndef PRT_MODEL_ARCHIVE_H
#define PRT_MODEL_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>

/* Columns, formats and compressions of an archive, from its address and the policy's `{ url=, format=, columns= }`. */
typedef struct prt_archive_request {
    const char *url;                         /* expanded: file:///..., s3://... */
    const char *format;                      /* "csv", "copy"; NULL: by the address's suffix */
    const char *const *columns;              /* NULL-ended; NULL: every column that is not generated */
    const char *schema, *name;               /* the table */
    uint32_t oid;                            /* 0: not known; otherwise the table has to be this very one */
    const char *parent_schema, *parent_name; /* NULL: none */
    const char *bound;                       /* "FOR VALUES FROM (...) TO (...)": to attach it again; NULL: none */
    const char *from, *to;                   /* for people and the manifest: RFC 3339, or ids; NULL: open or none */
} prt_archive_request;

/* What a policy's `archive` says of one partition. */
typedef struct prt_archive_choice {
    const char *url;            /* NULL: none. In a spec a template: {schema} {table} {tenant} {name} {from} {to} */
    const char *format;         /* NULL: by the address's suffix */
    const char *const *columns; /* NULL-ended; NULL: all */
} prt_archive_choice;

typedef struct prt_archive_result {
    const char *url;
    int64_t rows, bytes; /* bytes: of the stored object */
    const char *sha256;  /* of the stored object, lower-case hex */
    bool resumed;        /* it was there already */
} prt_archive_result;

typedef struct prt_archive_progress {
    int64_t rows, bytes; /* so far: rows read, bytes stored */
    int64_t rate;        /* bytes a second, of late */
    bool verifying;      /* bytes: read back */
} prt_archive_progress;

#endif
