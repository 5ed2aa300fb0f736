#include "archive/store.h"

#include <string.h>

bool
prt_store_open(const char *url, const prt_store_options *options, prt_store **out, prt_error *err)
{
    prt_arena *scratch = prt_arena_new();
    const char *path, *bucket, *key;
    bool ok;
    *out = NULL;
    if (strncmp(url, "file:", 5) == 0)
        ok = prt_url_file(scratch, url, &path, err) && prt_store_file(options, out, err);
    else if (strncmp(url, "s3:", 3) == 0)
        ok = prt_url_s3(scratch, url, &bucket, &key, err) && prt_store_s3(options, out, err);
    else {
        ok = prt_fail(err, PRT_ERR_USAGE, "%s is no address of an archive", url);
        prt_fail_hint(err, "write file:///folder/name.csv.zst or s3://bucket/key.csv.zst");
    }
    prt_arena_free(scratch);
    return ok;
}
