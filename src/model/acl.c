#include "model/acl.h"

#include <string.h>

#include "base/buf.h"
#include "base/vec.h"

typedef PRT_VEC(prt_grant) grant_list;

/* The array's next element, unquoted (manual, Array Input and Output Syntax); *at moves behind it. */
static const char *
next_element(prt_arena *arena, const char **at)
{
    prt_buf out;
    prt_buf_init(&out, arena);
    prt_buf_str(&out, "");
    const char *c = *at;
    bool quoted = *c == '"';
    for (c += quoted; *c != '\0' && (quoted ? *c != '"' : *c != ',' && *c != '}'); c++) {
        if (*c == '\\' && c[1] != '\0')
            c++;
        prt_buf_char(&out, *c);
    }
    *at = c + (quoted && *c == '"');
    return out.data;
}

/* A role's name as aclitemout writes it: bare, or in double quotes that are doubled inside. */
static const char *
read_role(prt_arena *arena, const char **at)
{
    prt_buf out;
    prt_buf_init(&out, arena);
    prt_buf_str(&out, "");
    const char *c = *at;
    for (bool quoted = false; *c != '\0' && (quoted || (*c != '=' && *c != '/')); c++) {
        if (*c != '"') {
            prt_buf_char(&out, *c);
        } else if (quoted && c[1] == '"') {
            prt_buf_char(&out, '"');
            c++;
        } else {
            quoted = !quoted;
        }
    }
    *at = c;
    return out.length == 0 ? NULL : out.data;
}

static const char *
privilege_name(char letter)
{
    static const struct {
        char letter;
        const char *name;
    } names[] = {{'r', "SELECT"},   {'a', "INSERT"},     {'w', "UPDATE"},  {'d', "DELETE"},
                 {'D', "TRUNCATE"}, {'x', "REFERENCES"}, {'t', "TRIGGER"}, {'m', "MAINTAIN"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].letter == letter)
            return names[i].name;
    return NULL;
}

static bool
read_item(prt_arena *arena, const char *item, grant_list *grants, prt_error *err)
{
    const char *c = item;
    const char *grantee = read_role(arena, &c);
    prt_buf lists[2];
    if (*c++ != '=')
        return prt_fail(err, PRT_ERR_VALUE, "no privileges can be read from \"%s\"", item);
    for (int i = 0; i < 2; i++)
        prt_buf_init(&lists[i], arena);
    for (; *c != '\0' && *c != '/'; c++) {
        const char *name = privilege_name(*c);
        if (name == NULL)
            return prt_fail(err, PRT_ERR_VALUE, "unknown privilege '%c' in \"%s\"", *c, item);
        bool grantable = c[1] == '*';
        prt_buf_fmt(&lists[grantable], "%s%s", lists[grantable].length == 0 ? "" : ", ", name);
        c += grantable;
    }
    for (int i = 0; i < 2; i++) {
        prt_grant grant = {.grantee = grantee, .privileges = lists[i].data, .grantable = i == 1};
        if (lists[i].length > 0)
            prt_vec_push(arena, grants, grant);
    }
    return true;
}

bool
prt_acl_parse(prt_arena *arena, const char *text, prt_grant **grants, size_t *length, prt_error *err)
{
    grant_list list = {0};
    const char *at = text;
    if (text != NULL && *at != '{')
        return prt_fail(err, PRT_ERR_VALUE, "no list of privileges: \"%s\"", text);
    while (at != NULL && *at != '\0' && *at != '}') {
        at++; /* the brace or a comma */
        if (*at != '}' && *at != '\0' && !read_item(arena, next_element(arena, &at), &list, err))
            return false;
    }
    *grants = list.items;
    *length = list.length;
    return true;
}

typedef struct grants {
    prt_grant *items;
    size_t length;
    const char *owner;
} grants;

static bool
is_owner(const grants *g, const prt_grant *grant)
{
    return grant->grantee != NULL && g->owner != NULL && strcmp(grant->grantee, g->owner) == 0;
}

static bool
is_given(const grants *given, const prt_grant *wanted, const char *privilege, size_t length)
{
    for (size_t i = 0; i < given->length; i++) {
        const prt_grant *g = &given->items[i];
        bool grantee = g->grantee == NULL || wanted->grantee == NULL ? g->grantee == wanted->grantee
                                                                     : strcmp(g->grantee, wanted->grantee) == 0;
        if (!grantee || g->grantable != wanted->grantable)
            continue;
        for (const char *p = g->privileges; *p != '\0'; p += strspn(p, ", ")) {
            size_t n = strcspn(p, ",");
            if (n == length && strncmp(p, privilege, n) == 0)
                return true;
            p += n;
        }
    }
    return false;
}

/* All that `wanted` gives to others than its owner, `given` gives too. */
static bool
covers(const grants *given, const grants *wanted)
{
    for (size_t i = 0; i < wanted->length; i++) {
        const prt_grant *w = &wanted->items[i];
        for (const char *p = w->privileges; !is_owner(wanted, w) && *p != '\0'; p += strspn(p, ", ")) {
            size_t n = strcspn(p, ",");
            if (!is_owner(given, w) && !is_given(given, w, p, n))
                return false;
            p += n;
        }
    }
    return true;
}

bool
prt_acl_same(prt_arena *arena, const char *a, const char *a_owner, const char *b, const char *b_owner, bool *same,
             prt_error *err)
{
    grants x = {.owner = a_owner}, y = {.owner = b_owner};
    if (!prt_acl_parse(arena, a, &x.items, &x.length, err) || !prt_acl_parse(arena, b, &y.items, &y.length, err))
        return false;
    *same = covers(&x, &y) && covers(&y, &x);
    return true;
}
