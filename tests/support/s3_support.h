/* For tests on a real S3 server (tests/support/with-s3), with a proxy before it that fails on command (s3-faults). */
#ifndef PRT_TESTS_S3_SUPPORT_H
#define PRT_TESTS_S3_SUPPORT_H

#include <sys/types.h>

#include "archive/store.h"
#include "support/support.h"

typedef struct s3_test {
    prt_arena *arena;
    pid_t proxy;
    int proxy_input;           /* closed: it ends */
    const char *endpoint;      /* the proxy's */
    const char *variables[32]; /* "NAME=value" over the environment; "NAME=" hides it */
    volatile sig_atomic_t interrupt;
    FILE *log_stream;
    char *log_text;
    size_t log_length;
    prt_log log;
    prt_store_options options;
    prt_store *store; /* through the proxy; PARTRUN_S3_TIMEOUT=2 */
} s3_test;

/* Setup and teardown of a test; *state is an s3_test. Without a server, the program ends with a message and status 1. */
int s3_test_setup(void **state);
int s3_test_teardown(void **state);

/* Sets (or replaces) a variable for stores that are opened from now on. */
void s3_set(s3_test *t, const char *name, const char *value);
/* Closes the store, if one is open, and opens another with the variables of now. */
void s3_reopen(s3_test *t);
/* s3://bucket/<name> in the server's bucket. */
const char *s3_url(s3_test *t, const char *name);
/* Rules of s3-faults, one a line. */
void s3_faults(s3_test *t, const char *rules);
/* The requests so far (as s3-faults lists them), and how many of those lines begin with `method` and hold `word`. */
const char *s3_requests(s3_test *t);
int s3_count(s3_test *t, const char *method, const char *word);
void s3_forget(s3_test *t); /* rules and requests */
/* What s3-look prints, without the newline at its end; the arguments are quoted. */
const char *s3_look(s3_test *t, const char *what, const char *url, const char *text);
/* What was logged so far. */
const char *s3_log(s3_test *t);

#endif
