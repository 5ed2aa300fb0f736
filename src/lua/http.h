/*
 * partrun.http: get(url, opts) and post(url, body, opts), for webhooks and the like. They return the status and the
 * body, or nil, message, code ("connect", "timeout", "interrupted", "io", "limit"); a status of 400 and above is an
 * answer, not a failure.
 *
 * Only http and https; certificates are always verified. get follows up to five redirects, never from https to http;
 * post follows none. opts: headers, timeout (seconds or an interval, default 10), max_bytes (default 8 MiB).
 */
#ifndef PRL_LUA_HTTP_H
#define PRL_LUA_HTTP_H

#include <lua.h>
#include <signal.h>

/* Pushes the table. `interrupt` (may be NULL) cancels a transfer once it is not zero; it outlives the state. */
int prl_open_http(lua_State *L, volatile sig_atomic_t *interrupt);

#endif
