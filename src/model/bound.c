#include "model/bound.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/vec.h"
#include "model/ident.h"

typedef struct parser {
    prt_arena *arena;
    const char *start, *p;
    prt_error *err;
} parser;

typedef PRT_VEC(prt_datum) datum_list;

static bool
fail(parser *s, const char *expected)
{
    enum { SHOWN = 60 };
    return prt_fail(s->err, PRT_ERR_VALUE,
                    "partition bound cannot be read at character %td, near \"%.*s\": expected %s", s->p - s->start + 1,
                    (int) prt_utf8_cut(s->p, SHOWN), s->p, expected);
}

static void
skip_space(parser *s)
{
    s->p += strspn(s->p, " \t\n\r\f\v");
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '$' ||
           (unsigned char) c >= 0x80;
}

/* Takes the keyword, in any case and as a whole word, if it comes next. */
static bool
take_word(parser *s, const char *word)
{
    skip_space(s);
    size_t length = strlen(word);
    if (strncasecmp(s->p, word, length) != 0 || is_word_char(s->p[length]))
        return false;
    s->p += length;
    return true;
}

static bool
take_char(parser *s, char c)
{
    skip_space(s);
    if (*s->p != c)
        return false;
    s->p++;
    return true;
}

/* 'it''s': the opening quote is next. A backslash is itself, as standard_conforming_strings = on prints it. */
static bool
plain_string(parser *s, prt_buf *out)
{
    for (s->p++; *s->p != '\0'; s->p++) {
        if (*s->p == '\'' && s->p[1] != '\'') {
            s->p++;
            return true;
        }
        if (*s->p == '\'')
            s->p++;
        prt_buf_char(out, *s->p);
    }
    return fail(s, "a closing quote");
}

/* Up to `most` digits in `base` after the cursor; -1 when there is none. */
static int64_t
escape_number(parser *s, int base, int most)
{
    static const char digits[] = "0123456789abcdef";
    int64_t value = -1;
    for (int i = 0; i < most && *s->p != '\0'; i++, s->p++) {
        char c = *s->p >= 'A' && *s->p <= 'F' ? (char) (*s->p - 'A' + 'a') : *s->p;
        const char *digit = memchr(digits, c, (size_t) base);
        if (digit == NULL)
            break;
        value = (value < 0 ? 0 : value) * base + (digit - digits);
    }
    return value;
}

static void
put_utf8(prt_buf *out, uint32_t c)
{
    if (c < 0x80) {
        prt_buf_char(out, (char) c);
        return;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
    prt_buf_char(out, (char) (lead[more] | (c >> (6 * more))));
    while (more-- > 0)
        prt_buf_char(out, (char) (0x80 | ((c >> (6 * more)) & 0x3f)));
}

/* What follows a backslash in an E'' string; the cursor is on that character. */
static bool
escape(parser *s, prt_buf *out)
{
    static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
    char c = *s->p;
    const char *named = c == '\0' ? NULL : strchr(names, c);
    if (named != NULL) {
        s->p++;
        prt_buf_char(out, values[named - names]);
        return true;
    }
    int64_t code;
    if (c >= '0' && c <= '7') {
        code = escape_number(s, 8, 3) & 0xff;
    } else if (c == 'x') {
        s->p++;
        code = escape_number(s, 16, 2);
    } else if (c == 'u' || c == 'U') {
        int length = c == 'u' ? 4 : 8;
        const char *first = ++s->p;
        code = escape_number(s, 16, length);
        if (s->p - first != length || code < 1 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
            return fail(s, "a Unicode character");
        put_utf8(out, (uint32_t) code);
        return true;
    } else if (c != '\0') {
        s->p++;
        prt_buf_char(out, c);
        return true;
    } else {
        return fail(s, "a closing quote");
    }
    if (code < 1) /* no text holds a NUL */
        return fail(s, "an escape of a character");
    prt_buf_char(out, (char) code);
    return true;
}

/* E'a\\b': the opening quote is next. */
static bool
escape_string(parser *s, prt_buf *out)
{
    s->p++;
    while (*s->p != '\0') {
        char c = *s->p++;
        if (c == '\\') {
            if (!escape(s, out))
                return false;
            continue;
        }
        if (c == '\'' && *s->p != '\'')
            return true;
        if (c == '\'')
            s->p++;
        prt_buf_char(out, c);
    }
    return fail(s, "a closing quote");
}

/* 42, -1.5, .5, 1e+30 */
static bool
number(parser *s, prt_buf *out)
{
    const char *first = s->p;
    if (*s->p == '-' || *s->p == '+')
        s->p++;
    size_t digits = strspn(s->p, "0123456789");
    s->p += digits;
    if (*s->p == '.') {
        size_t fraction = strspn(s->p + 1, "0123456789");
        s->p += fraction + 1;
        digits += fraction;
    }
    if (digits > 0 && (*s->p == 'e' || *s->p == 'E')) {
        const char *exponent = s->p + 1 + (s->p[1] == '-' || s->p[1] == '+');
        if (is_digit(*exponent))
            s->p = exponent + strspn(exponent, "0123456789");
    }
    if (digits == 0 || is_word_char(*s->p) || *s->p == '.') {
        s->p = first;
        return fail(s, "a value");
    }
    prt_buf_mem(out, first, (size_t) (s->p - first));
    return true;
}

/* A part of the name of a type or a collation: word or "quoted". */
static bool
skip_part(parser *s)
{
    skip_space(s);
    if (*s->p == '"') {
        for (s->p++; *s->p != '\0' && !(*s->p == '"' && s->p[1] != '"'); s->p++)
            s->p += *s->p == '"';
        if (*s->p == '\0')
            return fail(s, "a closing double quote");
        s->p++;
    } else if (is_word_char(*s->p) && !is_digit(*s->p)) {
        while (is_word_char(*s->p))
            s->p++;
    } else {
        return fail(s, "a name");
    }
    return true;
}

static bool
skip_name(parser *s)
{
    do {
        if (!skip_part(s))
            return false;
    } while (take_char(s, '.'));
    return true;
}

static bool
name_follows(parser *s)
{
    skip_space(s);
    return *s->p == '"' || (is_word_char(*s->p) && !is_digit(*s->p));
}

/* A type's name after `::`, such as timestamp(3) without time zone, "My"."type"[] or numeric(10,-2). */
static bool
skip_type(parser *s)
{
    if (!skip_name(s))
        return false;
    for (;;) {
        if (take_char(s, '(')) {
            s->p += strspn(s->p, "0123456789,- ");
            if (!take_char(s, ')'))
                return fail(s, "a closing parenthesis");
        } else if (take_char(s, '[')) {
            s->p += strspn(s->p, "0123456789");
            if (!take_char(s, ']'))
                return fail(s, "a closing bracket");
        } else if (!name_follows(s)) {
            return true;
        } else if (!skip_name(s)) {
            return false;
        }
    }
}

/* Any number of ::type and COLLATE name after a value. */
static bool
skip_suffixes(parser *s)
{
    for (;;) {
        const char *end = s->p;
        skip_space(s);
        bool ok;
        if (s->p[0] == ':' && s->p[1] == ':') {
            s->p += 2;
            ok = skip_type(s);
        } else if (take_word(s, "COLLATE")) {
            ok = skip_name(s);
        } else {
            s->p = end;
            return true;
        }
        if (!ok)
            return false;
    }
}

static bool
read_value(parser *s, prt_datum *out)
{
    prt_buf text;
    prt_buf_init(&text, s->arena);
    bool ok = true;
    if (*s->p == '\'') {
        ok = plain_string(s, &text);
    } else if ((*s->p == 'E' || *s->p == 'e') && s->p[1] == '\'') {
        s->p++;
        ok = escape_string(s, &text);
    } else if (take_word(s, "true")) {
        prt_buf_str(&text, "true");
    } else if (take_word(s, "false")) {
        prt_buf_str(&text, "false");
    } else {
        ok = number(s, &text);
    }
    *out = (prt_datum) {.kind = PRT_DATUM_VALUE, .text = text.data};
    return ok;
}

static bool
datum(parser *s, bool is_range, prt_datum *out)
{
    skip_space(s);
    const char *first = s->p;
    if (is_range && take_word(s, "MINVALUE"))
        *out = (prt_datum) {.kind = PRT_DATUM_MINVALUE};
    else if (is_range && take_word(s, "MAXVALUE"))
        *out = (prt_datum) {.kind = PRT_DATUM_MAXVALUE};
    else if (!is_range && take_word(s, "NULL"))
        *out = (prt_datum) {.kind = PRT_DATUM_NULL};
    else if (!read_value(s, out))
        return false;
    if (!skip_suffixes(s))
        return false;
    size_t length = (size_t) (s->p - first);
    while (length > 0 && strchr(" \t\n\r\f\v", first[length - 1]) != NULL)
        length--;
    out->sql = prt_arena_strndup(s->arena, first, length);
    return true;
}

static bool
tuple(parser *s, bool is_range, datum_list *out)
{
    if (!take_char(s, '('))
        return fail(s, "an opening parenthesis");
    do {
        prt_datum value;
        if (!datum(s, is_range, &value))
            return false;
        prt_vec_push(s->arena, out, value);
    } while (take_char(s, ','));
    return take_char(s, ')') ? true : fail(s, "a comma or a closing parenthesis");
}

static bool
range(parser *s, prt_bound *out)
{
    datum_list from = {0}, to = {0};
    if (!tuple(s, true, &from))
        return false;
    if (!take_word(s, "TO"))
        return fail(s, "TO");
    if (!tuple(s, true, &to))
        return false;
    if (from.length != to.length)
        return fail(s, "as many values after TO as after FROM");
    *out = (prt_bound) {.kind = PRT_BOUND_RANGE, .length = from.length, .from = from.items, .to = to.items};
    return true;
}

static bool
list(parser *s, prt_bound *out)
{
    datum_list values = {0};
    if (!tuple(s, false, &values))
        return false;
    *out = (prt_bound) {.kind = PRT_BOUND_LIST, .length = values.length, .values = values.items};
    return true;
}

static bool
small_integer(parser *s, int *out)
{
    skip_space(s);
    int64_t value = 0;
    const char *first = s->p;
    for (; is_digit(*s->p) && value <= INT_MAX; s->p++)
        value = value * 10 + (*s->p - '0');
    if (s->p == first || value > INT_MAX || is_word_char(*s->p))
        return fail(s, "an integer");
    *out = (int) value;
    return true;
}

static bool
hash(parser *s, prt_bound *out)
{
    *out = (prt_bound) {.kind = PRT_BOUND_HASH};
    if (!take_char(s, '(') || !take_word(s, "modulus"))
        return fail(s, "(modulus ...");
    if (!small_integer(s, &out->modulus))
        return false;
    if (!take_char(s, ',') || !take_word(s, "remainder"))
        return fail(s, ", remainder ...");
    if (!small_integer(s, &out->remainder))
        return false;
    if (out->remainder >= out->modulus)
        return fail(s, "a remainder below the modulus");
    return take_char(s, ')') ? true : fail(s, "a closing parenthesis");
}

static bool
spec(parser *s, prt_bound *out)
{
    if (take_word(s, "DEFAULT")) {
        *out = (prt_bound) {.kind = PRT_BOUND_DEFAULT};
        return true;
    }
    if (!take_word(s, "FOR") || !take_word(s, "VALUES"))
        return fail(s, "FOR VALUES or DEFAULT");
    if (take_word(s, "FROM"))
        return range(s, out);
    if (take_word(s, "IN"))
        return list(s, out);
    if (take_word(s, "WITH"))
        return hash(s, out);
    return fail(s, "FROM, IN or WITH");
}

bool
prt_bound_parse(prt_arena *arena, const char *text, prt_bound *out, prt_error *err)
{
    parser s = {.arena = arena, .start = text, .p = text, .err = err};
    prt_bound bound;
    if (!spec(&s, &bound))
        return false;
    skip_space(&s);
    if (*s.p != '\0')
        return fail(&s, "the end");
    *out = bound;
    return true;
}
