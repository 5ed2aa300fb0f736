#include "policy/pattern.h"

#include <string.h>

/* What decides about backtracking: every such item may end at any later byte. */
typedef struct shape {
    int repeats;   /* * + - %b and back references */
    int optionals; /* ? */
} shape;

/* Index behind the set that opens at `at`. */
static size_t
skip_set(const char *p, size_t length, size_t at)
{
    at++;
    if (at < length && p[at] == '^')
        at++;
    do {
        if (at >= length)
            return length;
        if (p[at++] == '%')
            at++;
    } while (at < length && p[at] != ']');
    return at + 1;
}

/* Index behind the single item at `at`, which a quantifier may follow. */
static size_t
skip_item(const char *p, size_t length, size_t at, shape *s)
{
    if (p[at] == '[')
        return skip_set(p, length, at);
    if (p[at] != '%' || at + 1 >= length)
        return at + 1;
    char kind = p[at + 1];
    if (kind == 'b') {
        s->repeats++;
        return at + 4;
    }
    if (kind == 'f')
        return at + 2; /* its set comes next, as an item without a quantifier */
    if (kind >= '0' && kind <= '9')
        s->repeats++;
    return at + 2;
}

static shape
read_shape(const char *p, size_t length)
{
    shape s = {0, 0};
    for (size_t at = 0; at < length;) {
        at = skip_item(p, length, at, &s);
        if (at < length && (p[at] == '*' || p[at] == '+' || p[at] == '-')) {
            s.repeats++;
            at++;
        } else if (at < length && p[at] == '?') {
            s.optionals++;
            at++;
        }
    }
    return s;
}

double
prt_pattern_cost(const char *pattern, size_t length, size_t subject, bool may_anchor)
{
    shape s = read_shape(pattern, length);
    int free_ends = s.repeats + (may_anchor && length > 0 && pattern[0] == '^' ? 0 : 1);
    /* Ways to choose where the items end, one after the other: subject + free_ends over free_ends. */
    double cost = 1;
    for (int i = 1; i <= free_ends && cost < 1e30; i++)
        cost *= ((double) subject + i) / i;
    for (int i = 0; i < s.optionals && cost < 1e30; i++)
        cost *= 2;
    size_t literals = length / 32 + 1; /* what is compared on the way */
    return cost * (double) literals;
}

bool
prt_pattern_is_plain(const char *pattern, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (pattern[i] != '\0' && strchr("^$*+?.([%-", pattern[i]) != NULL)
            return false;
    return true;
}
