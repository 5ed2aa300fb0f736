/* The embedded SQL files and the headers that describe them. */
#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/embed.h"
#include "pg/query.h"

const char *
prt_sql_text(const char *name)
{
    size_t length = strlen(name);
    for (const prt_embedded *file = prt_sql_files; file->name != NULL; file++)
        if (strncmp(file->name, name, length) == 0 && strcmp(file->name + length, ".sql") == 0)
            return file->text;
    assert(!"no such SQL file");
    return NULL;
}

/* The length of a key at the start of a header line's text ("columns:" gives 7), 0 when there is none. */
static size_t
key_length(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz");
    return text[length] == ':' ? length : 0;
}

const char *
prt_sql_header(prt_arena *arena, const char *text, const char *key)
{
    prt_buf out;
    bool inside = false, found = false;
    prt_buf_init(&out, arena);
    while (strncmp(text, "-- ", 3) == 0) {
        const char *line = text + 3;
        const char *end = strchr(line, '\n');
        size_t named = key_length(line);
        if (named != 0)
            inside = strlen(key) == named && strncmp(line, key, named) == 0;
        if (inside) {
            const char *from = named != 0 ? line + named + 1 : line;
            from += strspn(from, " ");
            if (found)
                prt_buf_char(&out, ' ');
            found = true;
            prt_buf_mem(&out, from, end == NULL ? strlen(from) : (size_t) (end - from));
        }
        if (end == NULL)
            break;
        text = end + 1;
    }
    return found ? out.data : NULL;
}

bool
prt_sql_shape(const char *text, const PGresult *result)
{
    prt_arena *scratch = prt_arena_new();
    const char *columns = prt_sql_header(scratch, text, "columns");
    bool same = columns != NULL;
    int column = 0;
    while (same && *columns != '\0') {
        size_t name = strcspn(columns, " ");
        same = column < PQnfields(result) && strlen(PQfname(result, column)) == name &&
               strncmp(PQfname(result, column), columns, name) == 0;
        column++;
        columns += strcspn(columns, ",");
        columns += strspn(columns, ", ");
    }
    prt_arena_free(scratch);
    return same && column == PQnfields(result);
}

const char *
prt_array_texts(prt_arena *arena, const char *const *texts, size_t length)
{
    prt_buf out;
    prt_buf_init(&out, arena);
    prt_buf_char(&out, '{');
    for (size_t i = 0; i < length; i++) {
        prt_buf_str(&out, i == 0 ? "\"" : ",\"");
        for (const char *c = texts[i]; *c != '\0'; c++) {
            if (*c == '"' || *c == '\\')
                prt_buf_char(&out, '\\');
            prt_buf_char(&out, *c);
        }
        prt_buf_char(&out, '"');
    }
    prt_buf_char(&out, '}');
    return out.data;
}

const char *
prt_array_oids(prt_arena *arena, const uint32_t *oids, size_t length)
{
    prt_buf out;
    prt_buf_init(&out, arena);
    prt_buf_char(&out, '{');
    for (size_t i = 0; i < length; i++)
        prt_buf_fmt(&out, "%s%u", i == 0 ? "" : ",", oids[i]);
    prt_buf_char(&out, '}');
    return out.data;
}
