/* Rows of COPY data, counted as they pass, in pieces of any size. What ends in the middle of a row is found out. */
#ifndef PRT_ARCHIVE_COUNT_H
#define PRT_ARCHIVE_COUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PRT_COPY_HEADER = 19 }; /* signature, flags, length of the extension */

typedef struct prt_row_counter {
    bool binary;
    int64_t rows; /* so far; csv: the header line included */
    bool broken;  /* binary: not as PostgreSQL writes it */
    /* csv */
    bool quoted, midway; /* inside quotes; inside a record */
    /* binary */
    enum { PRT_COUNT_HEADER, PRT_COUNT_TUPLE, PRT_COUNT_FIELD, PRT_COUNT_END } state;
    unsigned char word[PRT_COPY_HEADER]; /* a number that came in pieces */
    size_t have;
    uint64_t skip; /* bytes of a value still to come */
    int fields;    /* of the tuple, still to come */
} prt_row_counter;

/* Zeroed but for `binary`. */
void prt_row_count(prt_row_counter *counter, const char *bytes, size_t length);
/* The rows, csv without its header line; -1 when it is not whole. */
int64_t prt_row_total(const prt_row_counter *counter);

#endif
