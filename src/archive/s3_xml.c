#include "archive/s3_xml.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* Behind "<name>" or "<name attributes>"; NULL when there is none. An empty element "<name/>" ends where it begins. */
static const char *
find_open(const char *xml, const char *name, bool *empty)
{
    size_t length = strlen(name);
    for (const char *p = strchr(xml, '<'); p != NULL; p = strchr(p + 1, '<')) {
        if (strncmp(p + 1, name, length) != 0 || strchr(" \t\r\n/>", p[1 + length]) == NULL)
            continue;
        const char *end = strchr(p, '>');
        if (end == NULL || p[1 + length] == '\0')
            return NULL;
        *empty = end[-1] == '/';
        return end + 1;
    }
    return NULL;
}

static const char *
find_close(const char *xml, const char *name)
{
    size_t length = strlen(name);
    for (const char *p = strstr(xml, "</"); p != NULL; p = strstr(p + 2, "</"))
        if (strncmp(p + 2, name, length) == 0 && p[2 + length] == '>')
            return p;
    return NULL;
}

const char *
prt_s3_xml_next(prt_arena *arena, const char **at, const char *name)
{
    bool empty = false;
    const char *inner = find_open(*at, name, &empty);
    const char *end = inner == NULL || empty ? inner : find_close(inner, name);
    if (end == NULL)
        return NULL;
    *at = end;
    return prt_arena_strndup(arena, inner, (size_t) (end - inner));
}

static void
put_code_point(prt_buf *out, unsigned long c)
{
    if (c < 0x80) {
        prt_buf_char(out, (char) c);
        return;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    prt_buf_char(out, (char) ((more == 1 ? 0xc0 : more == 2 ? 0xe0 : 0xf0) | (c >> (6 * more))));
    while (more-- > 0)
        prt_buf_char(out, (char) (0x80 | ((c >> (6 * more)) & 0x3f)));
}

/* Appends what the entity at `text` ("&...;") stands for, and returns its length; 0 when it is none. */
static size_t
put_entity(prt_buf *out, const char *text)
{
    static const struct {
        const char *text;
        char c;
    } named[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        if (strncmp(text, named[i].text, strlen(named[i].text)) == 0) {
            prt_buf_char(out, named[i].c);
            return strlen(named[i].text);
        }
    if (text[1] != '#')
        return 0;
    char *end;
    bool hex = text[2] == 'x';
    unsigned long c = strtoul(text + (hex ? 3 : 2), &end, hex ? 16 : 10);
    if (*end != ';' || c == 0 || c > 0x10ffff)
        return 0;
    put_code_point(out, c);
    return (size_t) (end - text) + 1;
}

const char *
prt_s3_xml_text(prt_arena *arena, const char *xml, const char *name)
{
    const char *inner = prt_s3_xml_next(arena, &xml, name);
    if (inner == NULL)
        return NULL;
    prt_buf out;
    prt_buf_init(&out, arena);
    while (*inner != '\0') {
        size_t entity = *inner == '&' ? put_entity(&out, inner) : 0;
        if (entity == 0)
            prt_buf_char(&out, *inner);
        inner += entity == 0 ? 1 : entity;
    }
    return out.data;
}

const char *
prt_s3_xml_escape(prt_arena *arena, const char *text)
{
    prt_buf out;
    prt_buf_init(&out, arena);
    for (; *text != '\0'; text++)
        if (*text == '&')
            prt_buf_str(&out, "&amp;");
        else if (*text == '<')
            prt_buf_str(&out, "&lt;");
        else if (*text == '>')
            prt_buf_str(&out, "&gt;");
        else
            prt_buf_char(&out, *text);
    return out.data;
}
