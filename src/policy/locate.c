#include "policy/locate.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* A token: a word (names, keywords, numbers) or a single character; texts are one token of kind '"'. */
typedef struct token {
    char kind; /* 'w', '"', the character itself, or 0 at the end */
    const char *start;
    size_t length;
    int line;
} token;

typedef struct scanner {
    const char *at, *end;
    int line;
} scanner;

static void
advance(scanner *s, size_t count)
{
    for (; count > 0 && s->at < s->end; count--)
        if (*s->at++ == '\n')
            s->line++;
}

/* Length of the opening [[ or [==[ at `at`, or 0. */
static size_t
long_bracket(const scanner *s)
{
    const char *p = s->at + 1;
    while (p < s->end && *p == '=')
        p++;
    return s->at < s->end && *s->at == '[' && p < s->end && *p == '[' ? (size_t) (p - s->at) + 1 : 0;
}

static void
skip_long(scanner *s, size_t bracket)
{
    advance(s, bracket);
    for (; s->at < s->end; advance(s, 1)) {
        if (*s->at != ']' || (size_t) (s->end - s->at) < bracket || s->at[bracket - 1] != ']')
            continue;
        size_t equals = 1;
        while (equals < bracket - 1 && s->at[equals] == '=')
            equals++;
        if (equals == bracket - 1) {
            advance(s, bracket);
            return;
        }
    }
}

static void
skip_quoted(scanner *s)
{
    char quote = *s->at;
    advance(s, 1);
    while (s->at < s->end && *s->at != quote)
        advance(s, *s->at == '\\' ? 2 : 1);
    advance(s, 1);
}

static void
skip_blanks(scanner *s)
{
    while (s->at < s->end) {
        if (isspace((unsigned char) *s->at)) {
            advance(s, 1);
            continue;
        }
        if (s->end - s->at < 2 || s->at[0] != '-' || s->at[1] != '-')
            return;
        advance(s, 2);
        size_t bracket = long_bracket(s);
        if (bracket > 0)
            skip_long(s, bracket);
        while (bracket == 0 && s->at < s->end && *s->at != '\n')
            advance(s, 1);
    }
}

static bool
is_word(char c)
{
    return isalnum((unsigned char) c) || c == '_';
}

static token
next(scanner *s)
{
    skip_blanks(s);
    token t = {.start = s->at, .line = s->line};
    if (s->at >= s->end)
        return t;
    size_t bracket = long_bracket(s);
    t.kind = *s->at;
    if (is_word(*s->at)) {
        t.kind = 'w';
        while (s->at < s->end && is_word(*s->at))
            s->at++;
    } else if (bracket > 0) {
        t.kind = '"';
        skip_long(s, bracket);
    } else if (*s->at == '"' || *s->at == '\'') {
        t.kind = '"';
        skip_quoted(s);
    } else
        advance(s, 1);
    t.length = (size_t) (s->at - t.start);
    return t;
}

static bool
is(const token *t, const char *word, size_t length)
{
    return t->kind == 'w' && t->length == length && memcmp(t->start, word, length) == 0;
}

/* Goes behind the brace that opens the table of the call at `line`. */
static bool
enter_call(scanner *s, int line)
{
    token before = {0};
    for (token t = next(s); t.kind != 0; before = t, t = next(s)) {
        bool called = before.kind == '(' || (before.kind == 'w' && !is(&before, "return", 6));
        if (t.kind == '{' && t.line >= line && called)
            return true;
    }
    return false;
}

/* Goes behind `name =` at this level of the table, and gives its line; 0 when it is not there. */
static int
enter_field(scanner *s, const char *name, size_t length)
{
    int depth = 0;
    token before = {.kind = ','};
    for (token t = next(s); t.kind != 0; before = t, t = next(s)) {
        bool first = before.kind == ',' || before.kind == ';';
        if (strchr("{([", t.kind) != NULL)
            depth++;
        else if (strchr("})]", t.kind) != NULL && --depth < 0)
            return 0;
        else if (depth == 0 && first && is(&t, name, length)) {
            scanner ahead = *s;
            token sign = next(&ahead);
            if (sign.kind == '=' && (ahead.at >= ahead.end || *ahead.at != '=')) {
                *s = ahead;
                return t.line;
            }
        }
    }
    return 0;
}

int
prt_locate_field(const char *text, size_t length, int line, const char *path)
{
    scanner s = {text, text + length, 1};
    int innermost = 0;
    if (path[0] == '\0' || !enter_call(&s, line))
        return 0;
    for (;;) {
        size_t part = strcspn(path, ".[");
        int found = enter_field(&s, path, part);
        if (found == 0)
            return innermost;
        innermost = found;
        path += part;
        token brace = next(&s);
        if (*path++ != '.' || brace.kind != '{')
            return innermost;
    }
}
