/*
 * Where a partition's archive goes: the address that a policy's template, or its function, gives.
 *
 * In a template {schema} {table} {tenant} {name} are put in so that each stays one piece of the path, and no two of them
 * become the same piece, whatever is in them: a slash, a percent sign and control characters are written %XX, as are the
 * first dot of a value of dots alone; nothing at all is written "%". In file:// addresses, which are percent-encoded
 * themselves, that piece is then encoded once more. s3:// addresses are not encoded (archive/store.h).
 */
#ifndef PRT_MODEL_ARCHIVE_ADDRESS_H
#define PRT_MODEL_ARCHIVE_ADDRESS_H

#include "model/naming.h"

/* Any address, expanded: one of file:///, s3:// and schema:, without control characters and without a . or .. in its path. */
PRT_NODISCARD bool prt_archive_address_check(const char *url, prt_error *err);
/* The template with its fields put in, and checked. */
PRT_NODISCARD bool prt_archive_address_expand(prt_arena *arena, const char *text, const prt_name_input *input,
                                              const char **out, prt_error *err);
/* The schema of "schema:NAME"; NULL for other addresses. */
const char *prt_archive_address_schema(const char *url);

#endif
