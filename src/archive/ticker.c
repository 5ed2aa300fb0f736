#include <inttypes.h>

#include "archive/archive_impl.h"
#include "base/clock.h"

enum { TELL_US = 250 * 1000, LOG_US = 10 * 1000 * 1000 };

void
prt_ticker_start(prt_ticker *ticker, const prt_archive_options *options, const volatile sig_atomic_t *interrupt,
                 const char *what)
{
    int64_t now = prt_clock_monotonic();
    *ticker = (prt_ticker) {
        .options = options, .interrupt = interrupt, .what = what, .started = now, .told = now, .logged = now};
}

static void
tell(prt_ticker *t, int64_t now, int64_t rows, int64_t bytes, bool verifying)
{
    /* Reading back counts bytes anew. */
    double lately = bytes < t->bytes ? 0 : (double) (bytes - t->bytes) * 1e6 / (double) (now - t->told);
    t->rate = t->rate == 0 ? lately : t->rate + (lately - t->rate) / 4;
    t->told = now;
    t->bytes = bytes;
    if (t->options->progress != NULL) {
        prt_archive_progress progress = {
            .rows = rows, .bytes = bytes, .rate = (int64_t) t->rate, .verifying = verifying};
        t->options->progress(t->options->progress_data, &progress);
    }
    if (now - t->logged < LOG_US || t->options->store.log == NULL)
        return;
    t->logged = now;
    prt_log_fmt(t->options->store.log, PRT_INFO, "%s%s: %" PRId64 " rows, %.1f MB, %.1f MB/s", t->what,
                verifying ? ", reading back" : "", rows, (double) bytes / 1e6, t->rate / 1e6);
}

bool
prt_ticker_tick(prt_ticker *ticker, int64_t rows, int64_t bytes, bool verifying, prt_error *err)
{
    const volatile sig_atomic_t *other = ticker->options->store.interrupt;
    if ((ticker->interrupt != NULL && *ticker->interrupt != 0) || (other != NULL && *other != 0))
        return prt_fail(err, PRT_ERR_INTERRUPTED, "interrupted");
    int64_t now = prt_clock_monotonic();
    if (now - ticker->told >= TELL_US)
        tell(ticker, now, rows, bytes, verifying);
    return true;
}
