#include "model/ident.h"

#include <stddef.h>
#include <string.h>

#include "base/buf.h"

static const char *
quote_with(prt_arena *arena, const char *text, char quote)
{
    prt_buf out;
    prt_buf_init(&out, arena);
    prt_buf_char(&out, quote);
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == quote)
            prt_buf_char(&out, quote);
        prt_buf_char(&out, *p);
    }
    prt_buf_char(&out, quote);
    return out.data;
}

const char *
prt_ident_quote(prt_arena *arena, const char *name)
{
    return quote_with(arena, name, '"');
}

/* A backslash is doubled in an E'' literal, which reads the same whatever standard_conforming_strings says. */
const char *
prt_literal_quote(prt_arena *arena, const char *text)
{
    if (strchr(text, '\\') == NULL)
        return quote_with(arena, text, '\'');
    prt_buf out;
    prt_buf_init(&out, arena);
    prt_buf_str(&out, "E'");
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\'' || *p == '\\')
            prt_buf_char(&out, *p);
        prt_buf_char(&out, *p);
    }
    prt_buf_char(&out, '\'');
    return out.data;
}

const char *
prt_ident_qualify(prt_arena *arena, const char *schema, const char *name)
{
    return prt_arena_printf(arena, "%s.%s", prt_ident_quote(arena, schema), prt_ident_quote(arena, name));
}

static bool
is_plain_start(char c)
{
    return (c >= 'a' && c <= 'z') || c == '_';
}

static bool
is_plain(const char *name)
{
    if (!is_plain_start(name[0]))
        return false;
    for (const char *p = name; *p != '\0'; p++)
        if (!is_plain_start(*p) && !(*p >= '0' && *p <= '9') && *p != '$')
            return false;
    return true;
}

/* Control characters would break lines of a report: for people they become a question mark. */
static const char *
display_part(prt_arena *arena, const char *name)
{
    if (is_plain(name))
        return name;
    char *quoted = prt_arena_strdup(arena, prt_ident_quote(arena, name));
    for (char *p = quoted; *p != '\0'; p++)
        if ((unsigned char) *p < ' ' || *p == 0x7f)
            *p = '?';
    return quoted;
}

const char *
prt_ident_display(prt_arena *arena, const char *schema, const char *name)
{
    if (schema == NULL)
        return prt_arena_strdup(arena, display_part(arena, name));
    return prt_arena_printf(arena, "%s.%s", display_part(arena, schema), display_part(arena, name));
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static const char *
skip_space(const char *p)
{
    while (is_space(*p))
        p++;
    return p;
}

/* The part after an opening quote. */
static bool
read_quoted(prt_buf *out, const char **cursor, const char *text, prt_error *err)
{
    const char *p = *cursor + 1;
    for (; *p != '\0'; p++) {
        if (*p == '"' && p[1] != '"')
            break;
        if (*p == '"')
            p++;
        prt_buf_char(out, *p);
    }
    if (*p == '\0')
        return prt_fail(err, PRT_ERR_VALUE, "table name %s has an opening quote without a closing one", text);
    *cursor = p + 1;
    return true;
}

static bool
read_bare(prt_buf *out, const char **cursor)
{
    const char *p = *cursor;
    for (;; p++) {
        char c = *p;
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char) c >= 0x80;
        bool later = p > *cursor && ((c >= '0' && c <= '9') || c == '$');
        if (!letter && !later)
            break;
        /* PostgreSQL folds ASCII only in multi-byte encodings. */
        prt_buf_char(out, c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c);
    }
    bool any = p > *cursor;
    *cursor = p;
    return any;
}

static bool
read_part(prt_arena *arena, const char **cursor, const char *text, const char **part, prt_error *err)
{
    prt_buf out;
    prt_buf_init(&out, arena);
    *cursor = skip_space(*cursor);
    if (**cursor == '"') {
        if (!read_quoted(&out, cursor, text, err))
            return false;
    } else if (**cursor != '\0' && **cursor != '.' && !read_bare(&out, cursor)) {
        prt_fail(err, PRT_ERR_VALUE, "table name %s cannot be read at \"%s\"", text, *cursor);
        return prt_fail_hint(err, "put a name with special characters in double quotes: \"My Schema\".\"a.b\"");
    }
    if (out.length == 0)
        return prt_fail(err, PRT_ERR_VALUE, "table name \"%s\" is empty or has an empty part", text);
    if (out.length > PRT_NAME_BYTES)
        return prt_fail(err, PRT_ERR_VALUE, "name %s is longer than PostgreSQL's %d bytes", out.data, PRT_NAME_BYTES);
    *part = out.data;
    *cursor = skip_space(*cursor);
    return true;
}

bool
prt_ident_parse(prt_arena *arena, const char *text, const char **schema, const char **name, prt_error *err)
{
    const char *p = text;
    const char *first = NULL, *second = NULL;
    if (!read_part(arena, &p, text, &first, err))
        return false;
    *schema = NULL;
    *name = first;
    if (*p == '.') {
        p++;
        if (!read_part(arena, &p, text, &second, err))
            return false;
        *schema = first;
        *name = second;
    }
    if (*p == '\0')
        return true;
    prt_fail(err, PRT_ERR_VALUE, "table name %s cannot be read at \"%s\"", text, p);
    return prt_fail_hint(err, "write schema.table; put a name with special characters in double quotes: \"a.b\"");
}

size_t
prt_utf8_cut(const char *text, size_t bytes)
{
    size_t length = strnlen(text, bytes + 1);
    if (length <= bytes)
        return length;
    length = bytes;
    while (length > 0 && ((unsigned char) text[length] & 0xc0) == 0x80)
        length--;
    return length;
}
