#include "cli/transfer.h"

#include "base/clock.h"

static void
show(void *data, const prt_archive_progress *progress)
{
    prt_transfer *t = data;
    prt_arena *scratch = prt_arena_new();
    fprintf(stderr, "\r\x1b[K%s  ", progress->verifying ? "verifying" : t->verb);
    if (!progress->verifying)
        fprintf(stderr, "%s rows  ", prt_number_text(scratch, progress->rows));
    fprintf(stderr, "%s  %s/s ", prt_bytes_text(scratch, progress->bytes), prt_bytes_text(scratch, progress->rate));
    fflush(stderr);
    t->shown = true;
    prt_arena_free(scratch);
}

void
prt_transfer_begin(prt_transfer *t, prt_cli *cli, const char *verb)
{
    *t = (prt_transfer) {.cli = cli, .verb = verb, .log = cli->log, .started = prt_clock_monotonic()};
    if (cli->progress && t->log.level < PRT_WARNING)
        t->log.level = PRT_WARNING;
    t->options.store = (prt_store_options) {.log = &t->log, .interrupt = cli->interrupt, .retries = -1};
    t->options.lock_timeout_ms = cli->args.options.lock_timeout_ms;
    if (cli->progress) {
        t->options.progress = show;
        t->options.progress_data = t;
    }
}

const char *
prt_transfer_end(prt_transfer *t)
{
    int64_t usec = prt_clock_monotonic() - t->started;
    if (t->shown)
        fputs("\r\x1b[K", stderr);
    t->shown = false;
    return usec < 10 * PRT_USEC_PER_SEC ? prt_arena_printf(t->cli->arena, "%.1f s", (double) usec / PRT_USEC_PER_SEC)
                                        : prt_duration_display(t->cli->arena, usec);
}
