/*
 * One HTTP exchange after another with S3 or STS, by libcurl. A client belongs to one thread and has one exchange at a
 * time; its connections are used again.
 *
 * prt_s3_send repeats what is worth repeating. For an answer that does not fit into memory, begin, step and end run one
 * attempt in pieces (s3_get.c).
 */
#ifndef PRT_ARCHIVE_S3_HTTP_H
#define PRT_ARCHIVE_S3_HTTP_H

#include <curl/curl.h>

#include "archive/s3_config.h"
#include "archive/store.h"

typedef struct prt_s3_client prt_s3_client;
typedef struct prt_s3_keyring prt_s3_keyring;

typedef struct prt_s3_keys {
    const char *id, *secret, *token; /* token: NULL without one */
} prt_s3_keys;

/* Bytes to send: in memory, or in a file from its beginning (memory NULL). */
typedef struct prt_s3_body {
    const char *memory;
    int fd;
    int64_t length;
} prt_s3_body;

/* Takes some bytes of a successful answer; returns how many, or CURL_WRITEFUNC_PAUSE to be given them again. */
typedef size_t prt_s3_sink(void *data, const char *bytes, size_t length);

typedef struct prt_s3_call {
    const char *doing;      /* for messages: "write", "read" */
    const char *object;     /* likewise: s3://bucket/key */
    const char *permission; /* that it needs: "s3:PutObject" */
    const char *method, *url;
    prt_s3_keyring *keyring; /* NULL: not signed */
    const char *headers[8];  /* "Name: value", NULL-ended */
    const char *range;       /* "begin-", not signed; NULL: all */
    const prt_s3_body *body; /* NULL: none */
    const char *sha256;      /* of the body, in hex; NULL: none, and prt_s3_send fills it in */
    long also[4];            /* statuses that are answers and no failures, beside 2xx; ended by 0 */
    bool late_error;         /* it may be answered by 200 with an error in the body */
    int patience;            /* times as long as usual without a byte; 0: 1 */
    bool heard_out;          /* once it is on its way, an interrupt waits some seconds for the answer */
    prt_s3_sink *sink;       /* NULL: the body goes to the answer */
    void *sink_data;
} prt_s3_call;

typedef struct prt_s3_answer {
    CURLcode curl; /* other than CURLE_OK: there was no (whole) answer, and `why` */
    char why[CURL_ERROR_SIZE];
    long status;
    const char *etag, *region, *mark, *sse; /* headers; NULL where there are none */
    int64_t length;                         /* of the body; below 0: not said */
    int retry_after;                        /* seconds */
    prt_buf body;
    const char *code, *message; /* of the body's <Error>; NULL without one */
} prt_s3_answer;

/* `cancelled` (may be NULL) returns true: the exchange is over, as by an interrupt. Asked in the client's own thread. */
PRT_NODISCARD bool prt_s3_client_new(const prt_s3_config *config, const prt_store_options *options,
                                     bool (*cancelled)(void *data), void *cancelled_data, prt_s3_client **out,
                                     prt_error *err);
void prt_s3_client_free(prt_s3_client *client); /* NULL is fine */
/* From now on interrupts are not looked at, but no request takes longer than some seconds: for cleaning up. */
void prt_s3_client_last_words(prt_s3_client *client);

/* True: an answer of 2xx or of call->also. False: an error that names what was done, and what to do. */
PRT_NODISCARD bool prt_s3_send(prt_s3_client *client, prt_arena *arena, prt_s3_call *call, prt_s3_answer *out,
                               prt_error *err);

/* One attempt. `call` and `out` stay until end. */
PRT_NODISCARD bool prt_s3_begin(prt_s3_client *client, prt_arena *arena, const prt_s3_call *call, prt_s3_answer *out,
                                prt_error *err);
/* Moves bytes, or waits a moment for some. False: interrupted. *done: `out` is complete. */
PRT_NODISCARD bool prt_s3_step(prt_s3_client *client, bool *done, prt_error *err);
void prt_s3_resume(prt_s3_client *client); /* a paused sink takes bytes again */
void prt_s3_end(prt_s3_client *client);

typedef enum prt_s3_verdict { PRT_S3_DONE, PRT_S3_AGAIN, PRT_S3_REFUSED } prt_s3_verdict;
/* What to make of a complete answer (s3_error.c). */
prt_s3_verdict prt_s3_judge(const prt_s3_call *call, prt_s3_answer *answer);
/* The error of an answer that is no success, after so many attempts. Always returns false. */
bool prt_s3_explain(const prt_s3_call *call, const prt_s3_answer *answer, int attempts, prt_error *err);
/* Waits before attempt `attempt` + 1: exponentially longer, with jitter. False: interrupted. */
PRT_NODISCARD bool prt_s3_back_off(prt_s3_client *client, const prt_s3_call *call, const prt_s3_answer *answer,
                                   int attempt, prt_error *err);
int prt_s3_retries(const prt_s3_client *client);

#endif
