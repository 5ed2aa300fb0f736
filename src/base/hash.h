/* FNV-1a, 64 bits: fingerprints and hash tables; not for security. Start with PRT_HASH_INIT and chain. */
#ifndef PRT_BASE_HASH_H
#define PRT_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define PRT_HASH_INIT UINT64_C(0xcbf29ce484222325)

uint64_t prt_hash_mem(uint64_t hash, const void *bytes, size_t length);
uint64_t prt_hash_str(uint64_t hash, const char *text); /* includes the NUL; NULL counts as "" */

#endif
