#include "model/sql_fragment.h"

#include <string.h>

enum { DEEPEST = 256 };

static bool
is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (c & 0x80) != 0;
}

/* Whether the quote at `text + at` opens a literal with backslash escapes: E'...' */
static bool
is_escaped(const char *text, size_t at)
{
    return text[at] == '\'' && at > 0 && (text[at - 1] | 0x20) == 'e' && (at == 1 || !is_word(text[at - 2]));
}

/* Past the quoted text that begins at `text + at`; 0: it has no end. A doubled quote opens the next one, at once. */
static size_t
skip_quoted(const char *text, size_t at)
{
    const char quote = text[at];
    bool escaped = is_escaped(text, at);
    for (size_t i = at + 1; text[i] != '\0'; i++) {
        bool pair = text[i] == quote && text[i + 1] == quote;
        if (pair || (escaped && text[i] == '\\' && text[i + 1] != '\0'))
            i++;
        else if (text[i] == quote)
            return i + 1;
    }
    return 0;
}

static bool
is_comment(const char *text)
{
    return (text[0] == '-' && text[1] == '-') || (text[0] == '/' && text[1] == '*');
}

bool
prt_sql_fragment_ok(const char *text)
{
    char closing[DEEPEST];
    size_t depth = 0, i = 0;
    while (text[i] != '\0') {
        char c = text[i];
        if (c == '\'' || c == '"') {
            i = skip_quoted(text, i);
            if (i == 0)
                return false;
            continue;
        }
        if (c == ';' || c == '$' || is_comment(text + i) || (c == ',' && depth == 0))
            return false;
        if (c == '(' || c == '[') {
            if (depth == DEEPEST)
                return false;
            closing[depth++] = c == '(' ? ')' : ']';
        } else if ((c == ')' || c == ']') && (depth == 0 || closing[--depth] != c))
            return false;
        i++;
    }
    return depth == 0;
}
