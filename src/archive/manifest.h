/*
 * The manifest beside an archive (the archive's name + ".manifest.json"): what is in it, and what proves it. Keys:
 *
 *   version 1, table "schema.name" (quoted as SQL where needed), parent likewise or null, from and to (RFC 3339 text,
 *   an id as a number, null: open or none), bound "FOR VALUES ..." or null, definition (pg/definition.h), columns (those
 *   in the archive, in its order), format "csv" or "copy", compression "none", "gzip" or "zstd", rows, bytes and sha256
 *   (of the stored object), server_version "15.4", created_at (of the snapshot that was copied, RFC 3339),
 *   source { system, database, oid }: which table it was.
 *
 * Keys that this version does not know are ignored; everything else is checked.
 */
#ifndef PRT_ARCHIVE_MANIFEST_H
#define PRT_ARCHIVE_MANIFEST_H

#include <jansson.h>
#include <stdint.h>

#include "archive/codec.h"
#include "archive/store.h"
#include "model/instant.h"

#define PRT_MANIFEST_SUFFIX ".manifest.json"

typedef struct prt_manifest {
    const char *schema, *name;
    const char *parent_schema, *parent_name; /* NULL: none */
    const char *from, *to, *bound;           /* NULL: none */
    json_t *definition;         /* borrowed, or, of a manifest that was read, released by prt_manifest_done */
    const char *const *columns; /* NULL-ended */
    const char *format;         /* "csv", "copy" */
    prt_codec codec;
    int64_t rows, bytes;
    const char *sha256; /* lower-case hex */
    const char *server_version;
    prt_instant created_at;
    const char *system; /* the server's system identifier (prt_conn_facts) */
    uint32_t database, oid;
} prt_manifest;

/* The manifest's address: of an archive, or as it is of a manifest. */
const char *prt_manifest_url(prt_arena *arena, const char *url);
/* As text, with a newline. Fails on texts that are not UTF-8. */
PRT_NODISCARD bool prt_manifest_write(prt_arena *arena, const prt_manifest *manifest, const char **text,
                                      prt_error *err);
PRT_NODISCARD bool prt_manifest_parse(prt_arena *arena, const char *text, size_t length, prt_manifest *out,
                                      prt_error *err);
void prt_manifest_done(prt_manifest *manifest); /* zeroed is fine */

/* Reads the manifest of the archive at `url` from its store. *found false: there is none. */
PRT_NODISCARD bool prt_manifest_load(prt_store *store, prt_arena *arena, const char *url, bool *found,
                                     prt_manifest *out, prt_error *err);
PRT_NODISCARD bool prt_manifest_save(prt_store *store, const char *url, const prt_manifest *manifest, prt_error *err);

#endif
