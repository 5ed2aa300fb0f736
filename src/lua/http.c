#include "lua/http.h"

#include <curl/curl.h>
#include <lauxlib.h>
#include <string.h>
#include <strings.h>

#include "lua/box.h"
#include "lua/json.h"
#include "model/interval.h"

enum { DEFAULT_TIMEOUT_MS = 10000, DEFAULT_MAX_BYTES = 8 << 20, MOST_REDIRECTS = 5 };

static const char *const request_type = "partrun.http.request";

/* One transfer. It lies in a userdata, so that a Lua error at any point releases all of it. */
typedef struct request {
    CURL *curl;
    struct curl_slist *headers;
    prt_arena *arena;
    prt_buf body;     /* of the answer */
    size_t max_bytes; /* of the answer */
    bool too_large;
    volatile sig_atomic_t *interrupt;
    char why[CURL_ERROR_SIZE];
} request;

static void
request_done(request *r)
{
    curl_easy_cleanup(r->curl);
    curl_slist_free_all(r->headers);
    prt_arena_free(r->arena);
    *r = (request) {0};
}

static int
request_gc(lua_State *L)
{
    request_done(lua_touserdata(L, 1));
    return 0;
}

static request *
push_request(lua_State *L)
{
    request *r = lua_newuserdatauv(L, sizeof *r, 0);
    *r = (request) {.max_bytes = DEFAULT_MAX_BYTES};
    if (luaL_newmetatable(L, request_type)) {
        lua_pushcfunction(L, request_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    r->arena = prt_arena_new();
    prt_buf_init(&r->body, r->arena);
    r->curl = curl_easy_init();
    if (r->curl == NULL)
        luaL_error(L, "libcurl cannot be used");
    return r;
}

static size_t
receive(char *bytes, size_t size, size_t count, void *data)
{
    request *r = data;
    size_t length = size * count;
    r->too_large = length > r->max_bytes - r->body.length;
    if (r->too_large)
        return 0; /* fewer than were given: libcurl stops the transfer */
    prt_buf_mem(&r->body, bytes, length);
    return length;
}

static int
on_progress(void *data, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    (void) total, (void) now, (void) up_total, (void) up_now;
    const request *r = data;
    return r->interrupt != NULL && *r->interrupt;
}

static void
add_header(lua_State *L, request *r, const char *name, const char *value)
{
    if (strpbrk(name, "\r\n: ") != NULL || strpbrk(value, "\r\n") != NULL)
        luaL_error(L, "the header '%s' holds a character that headers cannot have", name);
    /* libcurl takes "Name:" as "do not send it", and "Name;" as an empty header. */
    const char *line = value[0] == '\0' ? prt_arena_printf(r->arena, "%s;", name)
                                        : prt_arena_printf(r->arena, "%s: %s", name, value);
    struct curl_slist *longer = curl_slist_append(r->headers, line);
    if (longer == NULL)
        luaL_error(L, "out of memory");
    r->headers = longer;
}

static void
add_headers(lua_State *L, request *r, int options)
{
    if (lua_getfield(L, options, "headers") == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    if (!lua_istable(L, -1))
        luaL_argerror(L, options, "headers is a table of names and values");
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || !lua_isstring(L, -1))
            luaL_argerror(L, options, "headers are texts by name");
        lua_pushvalue(L, -1); /* a number is converted in the copy */
        add_header(L, r, lua_tostring(L, -3), lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static bool
has_header(const request *r, const char *name)
{
    size_t length = strlen(name);
    for (const struct curl_slist *h = r->headers; h != NULL; h = h->next)
        if (strncasecmp(h->data, name, length) == 0 && (h->data[length] == ':' || h->data[length] == ';'))
            return true;
    return false;
}

/* A number of seconds, or an interval. */
static long
read_timeout(lua_State *L, int options)
{
    double seconds = DEFAULT_TIMEOUT_MS / 1000.0;
    int type = lua_getfield(L, options, "timeout");
    if (type == LUA_TNUMBER) {
        seconds = lua_tonumber(L, -1);
    } else if (type != LUA_TNIL) {
        prt_interval interval;
        prt_error err = {0};
        if (!prt_interval_parse(luaL_tolstring(L, -1, NULL), &interval, &err))
            prl_raise(L, &err);
        seconds = (double) prt_interval_usec(&interval) / PRT_USEC_PER_SEC;
        lua_pop(L, 1);
    }
    if (!(seconds >= 0.001 && seconds <= 3600))
        luaL_argerror(L, options, "timeout is between a millisecond and an hour");
    lua_pop(L, 1);
    return (long) (seconds * 1000);
}

static size_t
read_max_bytes(lua_State *L, int options)
{
    lua_Integer bytes = DEFAULT_MAX_BYTES;
    if (lua_getfield(L, options, "max_bytes") != LUA_TNIL)
        bytes = luaL_checkinteger(L, -1);
    luaL_argcheck(L, bytes >= 0, options, "max_bytes cannot be negative");
    lua_pop(L, 1);
    return (size_t) bytes;
}

static bool
is_https(const char *url)
{
    return strncasecmp(url, "https://", 8) == 0;
}

static void
set_up(request *r, const char *url, long timeout_ms)
{
    const char *schemes = is_https(url) ? "https" : "http,https";
    curl_easy_setopt(r->curl, CURLOPT_URL, url);
    curl_easy_setopt(r->curl, CURLOPT_PROTOCOLS_STR, schemes);
    curl_easy_setopt(r->curl, CURLOPT_REDIR_PROTOCOLS_STR, schemes);
    curl_easy_setopt(r->curl, CURLOPT_MAXREDIRS, (long) MOST_REDIRECTS);
    curl_easy_setopt(r->curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(r->curl, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(r->curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(r->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(r->curl, CURLOPT_USERAGENT, "partrun/" PARTRUN_VERSION);
    curl_easy_setopt(r->curl, CURLOPT_ERRORBUFFER, r->why);
    curl_easy_setopt(r->curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(r->curl, CURLOPT_WRITEDATA, r);
    curl_easy_setopt(r->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(r->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(r->curl, CURLOPT_XFERINFODATA, r);
}

static prt_code
code_of(CURLcode code)
{
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return PRT_ERR_TIMEOUT;
    case CURLE_ABORTED_BY_CALLBACK:
        return PRT_ERR_INTERRUPTED;
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return PRT_ERR_CONNECT;
    default:
        return PRT_ERR_IO;
    }
}

static int
perform(lua_State *L, request *r)
{
    prt_error err = {0};
    CURLcode code = curl_easy_perform(r->curl);
    if (r->too_large)
        prt_fail(&err, PRT_ERR_LIMIT, "the answer is larger than %zu bytes", r->max_bytes);
    else if (code != CURLE_OK)
        prt_fail(&err, code_of(code), "%s", r->why[0] != '\0' ? r->why : curl_easy_strerror(code));
    if (err.code != PRT_OK) {
        request_done(r);
        return prl_failure(L, &err);
    }
    long status = 0;
    curl_easy_getinfo(r->curl, CURLINFO_RESPONSE_CODE, &status);
    lua_pushinteger(L, status);
    lua_pushlstring(L, r->body.data, r->body.length);
    request_done(r);
    return 2;
}

/* Makes the request of the URL at 1 and the options at `options`; the new userdata is on the top. */
static request *
prepare(lua_State *L, int options)
{
    static const char *const names[] = {"headers", "timeout", "max_bytes", NULL};
    const char *url = luaL_checkstring(L, 1);
    luaL_argcheck(L, is_https(url) || strncasecmp(url, "http://", 7) == 0, 1, "a URL begins with https:// or http://");
    prl_check_options(L, options, names);
    long timeout_ms = DEFAULT_TIMEOUT_MS;
    request *r = push_request(L);
    r->interrupt = lua_touserdata(L, lua_upvalueindex(1));
    if (lua_istable(L, options)) {
        timeout_ms = read_timeout(L, options);
        r->max_bytes = read_max_bytes(L, options);
        add_headers(L, r, options);
    }
    set_up(r, url, timeout_ms);
    return r;
}

static int
http_get(lua_State *L)
{
    lua_settop(L, 2);
    request *r = prepare(L, 2);
    curl_easy_setopt(r->curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(r->curl, CURLOPT_HTTPHEADER, r->headers);
    return perform(L, r);
}

/* A body that is a text is sent as it is; a table is sent as JSON. */
static int
http_post(lua_State *L)
{
    lua_settop(L, 3);
    if (!lua_isstring(L, 2) && !lua_istable(L, 2) && !lua_isnil(L, 2))
        return luaL_typeerror(L, 2, "string or table");
    request *r = prepare(L, 3);
    size_t length = 0;
    const char *body = lua_isnil(L, 2) ? "" : lua_tolstring(L, 2, &length);
    if (lua_istable(L, 2)) {
        prt_buf out;
        prt_error err = {0};
        prt_buf_init(&out, r->arena);
        if (!prl_json_encode(L, 2, 0, &out, &err))
            return err.code == PRT_ERR_USAGE ? prl_raise(L, &err) : prl_failure(L, &err);
        body = out.data;
        length = out.length;
    }
    if (!has_header(r, "Content-Type"))
        add_header(L, r, "Content-Type", lua_istable(L, 2) ? "application/json" : "text/plain; charset=utf-8");
    struct curl_slist *longer = curl_slist_append(r->headers, "Expect:"); /* no wait for "100 Continue" */
    r->headers = longer != NULL ? longer : r->headers;
    curl_easy_setopt(r->curl, CURLOPT_POST, 1L);
    curl_easy_setopt(r->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) length);
    curl_easy_setopt(r->curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(r->curl, CURLOPT_HTTPHEADER, r->headers);
    return perform(L, r);
}

int
prl_open_http(lua_State *L, volatile sig_atomic_t *interrupt)
{
    static const luaL_Reg functions[] = {{"get", http_get}, {"post", http_post}, {NULL, NULL}};
    luaL_newlibtable(L, functions);
    union {
        volatile sig_atomic_t *flag;
        void *pushed; /* read back as the flag only */
    } pointer = {.flag = interrupt};
    lua_pushlightuserdata(L, pointer.pushed);
    luaL_setfuncs(L, functions, 1);
    return 1;
}
