/*
 * The one function that quotes identifiers and the one that quotes literals. Identifiers are always quoted: no
 * keyword list to be wrong about. PostgreSQL manual: Lexical Structure.
 */
#ifndef PRT_MODEL_IDENT_H
#define PRT_MODEL_IDENT_H

#include "base/arena.h"
#include "base/error.h"

enum { PRT_NAME_BYTES = 63 }; /* NAMEDATALEN - 1 */

const char *prt_ident_quote(prt_arena *arena, const char *name);                       /* "we""ird" */
const char *prt_literal_quote(prt_arena *arena, const char *text);                     /* 'it''s', E'a\\b' */
const char *prt_ident_qualify(prt_arena *arena, const char *schema, const char *name); /* "s"."t" */
/* For people: s.t, quoted where needed; `schema` may be NULL. */
const char *prt_ident_display(prt_arena *arena, const char *schema, const char *name);

/* Reads `t`, `s.t`, `"My Schema"."a.b"`: unquoted parts fold to lower case as in SQL; *schema is NULL when absent. */
PRT_NODISCARD bool prt_ident_parse(prt_arena *arena, const char *text, const char **schema, const char **name,
                                   prt_error *err);
/* Length of `text` cut to at most `bytes` bytes on a UTF-8 character boundary. */
size_t prt_utf8_cut(const char *text, size_t bytes);

#endif
