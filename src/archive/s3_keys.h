/* The keys that requests are signed with: fixed ones, or a role's, which are renewed before they end. */
#ifndef PRT_ARCHIVE_S3_KEYS_H
#define PRT_ARCHIVE_S3_KEYS_H

#include "archive/s3_config.h"
#include "archive/s3_http.h"

prt_s3_keyring *prt_s3_keyring_new(const prt_s3_config *config); /* `config` stays */
void prt_s3_keyring_free(prt_s3_keyring *keyring);               /* NULL is fine */
/* Copies of the keys of now. May be called by several threads. */
PRT_NODISCARD bool prt_s3_keyring_get(prt_s3_keyring *keyring, prt_s3_client *client, prt_arena *arena,
                                      prt_s3_keys *out, prt_error *err);
/* The server says that they have ended. True when others can be had. */
bool prt_s3_keyring_expire(prt_s3_keyring *keyring);

#endif
