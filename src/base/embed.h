/* Files that the build embeds (SQL, Lua): tables of these, ended by an entry whose name is NULL. */
#ifndef PRT_BASE_EMBED_H
#define PRT_BASE_EMBED_H

#include <stddef.h>

typedef struct prt_embedded {
    const char *name; /* path below the embedded folder, for example "partrun/init.lua" */
    const char *text; /* NUL-terminated */
    size_t length;
} prt_embedded;

extern const prt_embedded prt_sql_files[]; /* src/pg/sql */
extern const prt_embedded prt_lua_files[]; /* lua */

#endif
