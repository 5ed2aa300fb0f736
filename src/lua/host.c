#include "lua/host.h"

#include <string.h>

static const char host_key = 0; /* its address is a key of the registry */
static const prl_host no_host = {0};

void
prl_host_set(lua_State *L, const prl_host *host)
{
    void *address; /* only ever read as what it is */
    memcpy(&address, &host, sizeof address);
    lua_pushlightuserdata(L, address);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &host_key);
}

const prl_host *
prl_host_get(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &host_key);
    const prl_host *host = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return host == NULL ? &no_host : host;
}
