#include "archive/digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

struct prt_digest {
    EVP_MD_CTX *context;
};

/* Fails only without memory, or without SHA-256 in libcrypto: nothing can be proven then. */
static void
insist(int ok)
{
    if (ok == 1)
        return;
    fputs("partrun: SHA-256 is not available\n", stderr);
    abort();
}

prt_digest *
prt_digest_new(void)
{
    prt_digest *digest = calloc(1, sizeof *digest);
    insist(digest != NULL);
    digest->context = EVP_MD_CTX_new();
    insist(digest->context != NULL && EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL));
    return digest;
}

void
prt_digest_update(prt_digest *digest, const void *bytes, size_t length)
{
    insist(EVP_DigestUpdate(digest->context, bytes, length));
}

void
prt_digest_hex(prt_digest *digest, char out[PRT_DIGEST_HEX])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    insist(EVP_DigestFinal_ex(digest->context, raw, &length));
    insist(length * 2 + 1 == PRT_DIGEST_HEX);
    for (unsigned i = 0; i < length; i++) {
        out[2 * i] = digits[raw[i] >> 4];
        out[2 * i + 1] = digits[raw[i] & 15];
    }
    out[2 * length] = '\0';
    insist(EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL));
}

void
prt_digest_free(prt_digest *digest)
{
    if (digest == NULL)
        return;
    EVP_MD_CTX_free(digest->context);
    free(digest);
}
