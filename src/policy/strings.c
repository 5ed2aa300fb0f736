/* The string library of policies: nothing in it runs for long inside C. */
#include <lauxlib.h>

#include "policy/pattern.h"
#include "policy/sandbox.h"

enum { LONGEST_PATTERN = 1000, LONGEST_RESULT = 1 << 20 };
#define MOST_STEPS 1.5e8     /* of the matcher: half a second or so */
#define MOST_PLAIN_STEPS 2e9 /* bytes compared by a plain search */

static void
check_cost(lua_State *L, bool may_anchor)
{
    size_t subject, length;
    luaL_checklstring(L, 1, &subject);
    const char *pattern = luaL_checklstring(L, 2, &length);
    double steps, most = MOST_STEPS;
    if (prt_pattern_is_plain(pattern, length)) {
        steps = (double) subject * (double) (length + 1);
        most = MOST_PLAIN_STEPS;
    } else if (length > LONGEST_PATTERN)
        steps = most + 1;
    else
        steps = prt_pattern_cost(pattern, length, subject, may_anchor);
    if (steps > most)
        luaL_error(L, "a pattern of %I bytes could take too long on a text of %I bytes", (LUAI_UACINT) length,
                   (LUAI_UACINT) subject);
}

static int
guarded_find(lua_State *L)
{
    size_t subject, length;
    if (!lua_toboolean(L, 4))
        check_cost(L, true);
    else {
        luaL_checklstring(L, 1, &subject);
        luaL_checklstring(L, 2, &length);
        if ((double) subject * (double) (length + 1) > MOST_PLAIN_STEPS)
            return luaL_error(L, "a search for %I bytes could take too long on a text of %I bytes",
                              (LUAI_UACINT) length, (LUAI_UACINT) subject);
    }
    return prt_sandbox_forward(L);
}

static int
guarded_match(lua_State *L)
{
    check_cost(L, true);
    return prt_sandbox_forward(L);
}

static int
guarded_gmatch(lua_State *L)
{
    check_cost(L, false);
    return prt_sandbox_forward(L);
}

static int
guarded_rep(lua_State *L)
{
    size_t length, separator = 0;
    luaL_checklstring(L, 1, &length);
    lua_Integer times = luaL_checkinteger(L, 2);
    luaL_optlstring(L, 3, "", &separator);
    if (times < 1 || length + separator == 0) { /* the library counts through all the times that it adds nothing */
        lua_pushliteral(L, "");
        return 1;
    }
    if ((lua_Unsigned) times > LONGEST_RESULT / (length + separator))
        return luaL_error(L, "the text would be longer than %d bytes", LONGEST_RESULT);
    return prt_sandbox_forward(L);
}

void
prt_sandbox_guard_strings(lua_State *L)
{
    prt_sandbox_guard(L, "find", guarded_find);
    prt_sandbox_guard(L, "match", guarded_match);
    prt_sandbox_guard(L, "gsub", guarded_match);
    prt_sandbox_guard(L, "gmatch", guarded_gmatch);
    prt_sandbox_guard(L, "rep", guarded_rep);
    lua_pushnil(L);
    lua_setfield(L, -2, "dump");
}
