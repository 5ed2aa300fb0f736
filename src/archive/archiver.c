#include "archive/archiver.h"

static prt_archive_options
options_of(const prt_store_options *store, const prt_archive_watch *watch)
{
    return (prt_archive_options) {
        .store = *store, .policy = watch->policy, .progress = watch->progress, .progress_data = watch->progress_data};
}

static bool
archive(void *data, prt_conn *conn, prt_arena *arena, const prt_archive_request *request,
        const prt_archive_watch *watch, prt_archive_result *out, prt_error *err)
{
    prt_archive_options options = options_of(data, watch);
    return prt_archive_table(conn, arena, request, &options, out, err);
}

static bool
present(void *data, prt_arena *arena, const prt_archive_result *result, const prt_archive_watch *watch, bool *present,
        prt_error *err)
{
    prt_archive_options options = options_of(data, watch);
    return prt_archive_present(arena, result, &options, present, err);
}

prt_archiver
prt_archiver_of(prt_store_options *store)
{
    return (prt_archiver) {.data = store, .archive = archive, .present = present};
}
