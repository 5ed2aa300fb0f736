#include "archive/pipe.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "archive/count.h"

enum { CHUNK = 256 * 1024, CHUNKS = 16, IDLE_NS = 100 * 1000 * 1000 };

typedef struct chunk {
    size_t length;
    char bytes[CHUNK];
} chunk;

struct prt_pipe {
    prt_pipe_idle *idle;
    void *data;
    prt_writer *writer;
    prt_encoder *encoder;
    prt_digest *digest;
    prt_row_counter counter;
    pthread_t thread;
    bool running;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    /* Under the mutex. The chunk at `filled` is the caller's, those from `emptied` up to it are the thread's. */
    size_t filled, emptied; /* ever so many */
    bool last, stop, done;  /* no more chunks come; give up; the thread has ended */
    int64_t rows, bytes;
    prt_error err;
    chunk chunks[CHUNKS];
};

static bool
store_bytes(void *data, const void *bytes, size_t length, prt_error *err)
{
    prt_pipe *p = data;
    prt_digest_update(p->digest, bytes, length);
    if (!p->writer->write(p->writer, bytes, length, err))
        return false;
    pthread_mutex_lock(&p->mutex);
    p->bytes += (int64_t) length;
    pthread_mutex_unlock(&p->mutex);
    return true;
}

/* The next chunk, once there is one; NULL: there is none any more. */
static const chunk *
next_chunk(prt_pipe *p, bool *stop)
{
    pthread_mutex_lock(&p->mutex);
    while (p->emptied == p->filled && !p->last && !p->stop)
        pthread_cond_wait(&p->changed, &p->mutex);
    *stop = p->stop;
    const chunk *next = p->stop || p->emptied == p->filled ? NULL : &p->chunks[p->emptied % CHUNKS];
    pthread_mutex_unlock(&p->mutex);
    return next;
}

static bool
drain(prt_pipe *p, prt_error *err)
{
    bool stop = false;
    for (const chunk *c; (c = next_chunk(p, &stop)) != NULL;) {
        prt_row_count(&p->counter, c->bytes, c->length);
        if (!prt_encoder_write(p->encoder, c->bytes, c->length, err))
            return false;
        pthread_mutex_lock(&p->mutex);
        p->emptied++;
        p->rows = p->counter.rows;
        pthread_cond_broadcast(&p->changed);
        pthread_mutex_unlock(&p->mutex);
    }
    return stop || prt_encoder_finish(p->encoder, err);
}

static void *
run(void *data)
{
    prt_pipe *p = data;
    prt_error err = {0};
    if (!drain(p, &err))
        prt_fail(&err, PRT_ERR_FAILED, "the archive could not be written");
    pthread_mutex_lock(&p->mutex);
    p->err = err;
    p->done = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

/* Signals are for the thread that looks at what they set. */
static int
start(prt_pipe *p)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int why = pthread_create(&p->thread, NULL, run, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    p->running = why == 0;
    return why;
}

bool
prt_pipe_new(prt_codec codec, bool binary, prt_writer *writer, prt_pipe_idle *idle, void *data, prt_pipe **out,
             prt_error *err)
{
    prt_pipe *p = calloc(1, sizeof *p);
    *out = NULL;
    if (p == NULL)
        return prt_fail(err, PRT_ERR_FAILED, "out of memory");
    p->idle = idle;
    p->data = data;
    p->writer = writer;
    p->counter.binary = binary;
    p->digest = prt_digest_new();
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&p->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&p->mutex, NULL);
    bool ok = prt_encoder_new(codec, store_bytes, p, &p->encoder, err);
    int why = ok ? start(p) : 0;
    if (why != 0)
        ok = prt_fail(err, PRT_ERR_FAILED, "a thread cannot be started: %s", strerror(why));
    if (ok)
        *out = p;
    else
        prt_pipe_free(p);
    return ok;
}

/* Waits, the mutex held, for the other thread to change something. */
static bool
wait_a_little(prt_pipe *p, prt_error *err)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += IDLE_NS;
    if (until.tv_nsec >= 1000 * 1000 * 1000) {
        until.tv_nsec -= 1000 * 1000 * 1000;
        until.tv_sec++;
    }
    if (pthread_cond_timedwait(&p->changed, &p->mutex, &until) == 0)
        return true;
    pthread_mutex_unlock(&p->mutex);
    bool ok = p->idle(p->data, err);
    pthread_mutex_lock(&p->mutex);
    return ok;
}

/* Hands the chunk over and waits for the next one to be free. */
static bool
hand_over(prt_pipe *p, prt_error *err)
{
    bool ok = true;
    pthread_mutex_lock(&p->mutex);
    p->filled++;
    pthread_cond_broadcast(&p->changed);
    while (ok && !p->done && p->filled - p->emptied == CHUNKS)
        ok = wait_a_little(p, err);
    if (p->done && ok) {
        if (err->code == PRT_OK)
            *err = p->err;
        ok = false;
    }
    if (ok)
        p->chunks[p->filled % CHUNKS].length = 0;
    pthread_mutex_unlock(&p->mutex);
    return ok;
}

bool
prt_pipe_put(prt_pipe *pipe, const char *bytes, size_t length, prt_error *err)
{
    while (length > 0) {
        chunk *c = &pipe->chunks[pipe->filled % CHUNKS];
        size_t part = CHUNK - c->length < length ? CHUNK - c->length : length;
        memcpy(c->bytes + c->length, bytes, part);
        c->length += part;
        bytes += part;
        length -= part;
        if (c->length == CHUNK && !hand_over(pipe, err))
            return false;
    }
    return true;
}

bool
prt_pipe_finish(prt_pipe *pipe, prt_pipe_result *out, prt_error *err)
{
    bool ok = true;
    pthread_mutex_lock(&pipe->mutex);
    if (pipe->chunks[pipe->filled % CHUNKS].length > 0)
        pipe->filled++;
    pipe->last = true;
    pthread_cond_broadcast(&pipe->changed);
    while (ok && !pipe->done)
        ok = wait_a_little(pipe, err);
    pthread_mutex_unlock(&pipe->mutex);
    if (!ok)
        return false;
    pthread_join(pipe->thread, NULL);
    pipe->running = false;
    if (pipe->err.code != PRT_OK) {
        if (err->code == PRT_OK)
            *err = pipe->err;
        return false;
    }
    *out = (prt_pipe_result) {.rows = prt_row_total(&pipe->counter), .bytes = pipe->bytes};
    prt_digest_hex(pipe->digest, out->sha256);
    return true;
}

void
prt_pipe_so_far(prt_pipe *pipe, int64_t *rows, int64_t *bytes)
{
    pthread_mutex_lock(&pipe->mutex);
    *rows = pipe->rows;
    *bytes = pipe->bytes;
    pthread_mutex_unlock(&pipe->mutex);
}

void
prt_pipe_free(prt_pipe *pipe)
{
    if (pipe == NULL)
        return;
    pthread_mutex_lock(&pipe->mutex);
    pipe->stop = true;
    pthread_cond_broadcast(&pipe->changed);
    pthread_mutex_unlock(&pipe->mutex);
    if (pipe->running)
        pthread_join(pipe->thread, NULL);
    prt_encoder_free(pipe->encoder);
    prt_digest_free(pipe->digest);
    pthread_cond_destroy(&pipe->changed);
    pthread_mutex_destroy(&pipe->mutex);
    free(pipe);
}
