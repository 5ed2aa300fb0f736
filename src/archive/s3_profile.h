/* A profile of the files that AWS tools share (~/.aws/credentials, ~/.aws/config), from their text. */
#ifndef PRT_ARCHIVE_S3_PROFILE_H
#define PRT_ARCHIVE_S3_PROFILE_H

#include <stdbool.h>

#include "base/arena.h"

typedef struct prt_s3_profile { /* NULL: not said */
    const char *key_id, *secret, *token;
    const char *region, *endpoint, *ca_bundle;
    const char *role, *token_file, *session_name;
    const char *unknown_source; /* a way to credentials that is not supported here: "credential_process" */
} prt_s3_profile;

/*
 * Adds what the profile's sections in `text` say to `profile`, where it says nothing yet; false when there is no such
 * section. In the config file a section is "[profile NAME]", or "[default]"; in the credentials file "[NAME]".
 */
bool prt_s3_profile_add(prt_arena *arena, const char *text, bool config_file, const char *name,
                        prt_s3_profile *profile);

#endif
