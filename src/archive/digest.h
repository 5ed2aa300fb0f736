/* SHA-256 over a stream. */
#ifndef PRT_ARCHIVE_DIGEST_H
#define PRT_ARCHIVE_DIGEST_H

#include <stddef.h>

enum { PRT_DIGEST_HEX = 65 };

typedef struct prt_digest prt_digest;

prt_digest *prt_digest_new(void); /* never NULL */
void prt_digest_update(prt_digest *digest, const void *bytes, size_t length);
/* Lower-case hex of all that went in; the digest is then empty again. */
void prt_digest_hex(prt_digest *digest, char out[PRT_DIGEST_HEX]);
void prt_digest_free(prt_digest *digest); /* NULL is fine */

#endif
