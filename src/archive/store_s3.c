#include "archive/store.h"

bool
prt_store_s3(const prt_store_options *options, prt_store **out, prt_error *err)
{
    (void) options;
    *out = NULL;
    return prt_fail(err, PRT_ERR_FAILED, "s3:// addresses cannot be used yet");
}
