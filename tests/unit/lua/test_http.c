#include "support/support.h"

#include <arpa/inet.h>
#include <lauxlib.h>
#include <lualib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lua/http.h"
#include "lua/json.h"

/* A small HTTP server in a child process, on a free port of the loopback. */
typedef struct server {
    pid_t pid;
    int port;
} server;

static void
answer(int client, const char *status, const char *headers, const char *body)
{
    dprintf(client, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n%s\r\n%s", status, strlen(body),
            headers, body);
}

/* Reads a whole request: its headers, and as much of a body as Content-Length says. */
static void
read_request(int client, char *request, size_t size)
{
    size_t used = 0, want = SIZE_MAX;
    while (used < want && used < size - 1) {
        ssize_t n = read(client, request + used, size - 1 - used);
        if (n <= 0 || request[0] == '\x16') /* TLS: not spoken here */
            break;
        used += (size_t) n;
        request[used] = '\0';
        const char *end = strstr(request, "\r\n\r\n");
        const char *length = strcasestr(request, "content-length:");
        if (end != NULL)
            want = (size_t) (end + 4 - request) + (length != NULL ? strtoul(length + 15, NULL, 10) : 0);
    }
    request[used] = '\0';
}

static void
serve(int client)
{
    static char request[65536], large[20000];
    read_request(client, request, sizeof request);
    if (strncmp(request, "GET /hello", 10) == 0) {
        answer(client, "200 OK", "", "hello");
    } else if (strncmp(request, "GET /again", 10) == 0) {
        answer(client, "302 Found", "Location: /hello\r\n", "");
    } else if (strncmp(request, "GET /loop", 9) == 0) {
        answer(client, "302 Found", "Location: /loop\r\n", "");
    } else if (strncmp(request, "GET /file", 9) == 0) {
        answer(client, "302 Found", "Location: file:///etc/passwd\r\n", "");
    } else if (strncmp(request, "POST /moved", 11) == 0) {
        answer(client, "307 Temporary Redirect", "Location: /echo\r\n", "moved");
    } else if (strncmp(request, "GET /large", 10) == 0) {
        memset(large, 'x', sizeof large - 1);
        answer(client, "200 OK", "", large);
    } else if (strncmp(request, "GET /slow", 9) == 0) {
        usleep(3000000);
    } else if (strstr(request, " /echo") != NULL) {
        answer(client, "200 OK", "", request);
    } else {
        answer(client, "404 Not Found", "", "no such thing");
    }
}

static int
start(void **state)
{
    static server s;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *) &address, length) != 0 || listen(listener, 16) != 0)
        return -1;
    getsockname(listener, (struct sockaddr *) &address, &length);
    s.port = ntohs(address.sin_port);
    s.pid = fork();
    if (s.pid == 0) {
        signal(SIGPIPE, SIG_IGN);
        signal(SIGCHLD, SIG_IGN);
        for (;;) {
            int client = accept(listener, NULL, NULL);
            if (fork() == 0) { /* slow answers must not hold up the others */
                serve(client);
                _exit(0);
            }
            close(client);
        }
    }
    close(listener);
    *state = &s;
    return s.pid < 0 ? -1 : 0;
}

static int
stop(void **state)
{
    const server *s = *state;
    kill(s->pid, SIGTERM);
    waitpid(s->pid, NULL, 0);
    return 0;
}

/* Runs a chunk with `http`, `json` and `url` (of the server) as globals. */
static void
run_with(void **state, volatile sig_atomic_t *interrupt, const char *chunk)
{
    const server *s = *state;
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    prl_open_http(L, interrupt);
    lua_setglobal(L, "http");
    prl_open_json(L);
    lua_setglobal(L, "json");
    lua_pushfstring(L, "http://127.0.0.1:%d", s->port);
    lua_setglobal(L, "url");
    if (luaL_dostring(L, chunk) != LUA_OK)
        fail_msg("%s", lua_tostring(L, -1));
    lua_close(L);
}

static void
run(void **state, const char *chunk)
{
    run_with(state, NULL, chunk);
}

static void
test_get_returns_status_and_body(void **state)
{
    run(state, "local status, body = http.get(url .. '/hello')\n"
               "assert(status == 200 and body == 'hello')\n"
               "status, body = http.get(url .. '/nothing')\n"
               "assert(status == 404 and body == 'no such thing')");
}

static void
test_post_sends_a_text_as_it_is(void **state)
{
    run(state, "local status, seen = http.post(url .. '/echo', 'one\\0two')\n"
               "assert(status == 200, seen)\n"
               "assert(seen:find('^POST /echo') and seen:find('Content%-Length: 7'), seen)\n"
               "assert(seen:find('Content-Type: text/plain', 1, true) and seen:find('User-Agent: partrun/', 1, true))\n"
               "assert(not seen:find 'Expect')");
}

static void
test_post_sends_a_table_as_json(void **state)
{
    run(state, "local status, seen = http.post(url .. '/echo', { text = 'done', rows = 3 }, { headers = { ['X-Token'] "
               "= 'abc', ['X-N'] = 5, ['X-None'] = '' } })\n"
               "assert(status == 200, seen)\n"
               "assert(seen:find('Content-Type: application/json', 1, true), seen)\n"
               "assert(seen:find('X-Token: abc', 1, true) and seen:find('X-N: 5', 1, true) and seen:find('X-None:', 1, "
               "true), seen)\n"
               "assert(seen:find('\\r\\n\\r\\n{\"rows\":3,\"text\":\"done\"}', 1, true), seen)\n"
               "_, seen = http.post(url .. '/echo', '<a/>', { headers = { ['content-type'] = 'text/xml' } })\n"
               "assert(seen:find('content-type: text/xml', 1, true) and not seen:find('text/plain', 1, true), seen)");
}

static void
test_get_follows_redirects_within_limits_and_post_none(void **state)
{
    run(state, "local status, body = http.get(url .. '/again')\n"
               "assert(status == 200 and body == 'hello')\n"
               "local none, message, code = http.get(url .. '/loop')\n"
               "assert(none == nil and code == 'io' and message:find 'redirects', message)\n"
               "status, body = http.post(url .. '/moved', 'x')\n"
               "assert(status == 307 and body == 'moved')");
}

static void
test_no_way_to_files(void **state)
{
    run(state, "local none, message, code = http.get(url .. '/file')\n"
               "assert(none == nil and code == 'io', message)\n"
               "for _, wrong in ipairs { 'file:///etc/passwd', 'ftp://x/', 'localhost', '', 'gopher://x' } do\n"
               "  local ok, why = pcall(http.get, wrong)\n"
               "  assert(not ok and why:find 'https://', why)\n"
               "end");
}

static void
test_failures_say_what_and_give_a_code(void **state)
{
    run(state, "local none, message, code = http.get('http://127.0.0.1:1/')\n"
               "assert(none == nil and code == 'connect' and #message > 0, message)\n"
               "none, message, code = http.get(url:gsub('http', 'https', 1) .. '/hello')\n"
               "assert(none == nil and code == 'io', message)\n"
               "none, message, code = http.get(url .. '/slow', { timeout = 0.2 })\n"
               "assert(none == nil and code == 'timeout', message)\n"
               "none, message, code = http.get(url .. '/slow', { timeout = '200 ms' })\n"
               "assert(none == nil and code == 'timeout', message)\n"
               "none, message, code = http.get(url .. '/large', { max_bytes = 1000 })\n"
               "assert(none == nil and code == 'limit' and message:find '1000', message)\n"
               "assert(http.get(url .. '/large', { max_bytes = 20000 }) == 200)\n"
               "none, message, code = http.post(url .. '/echo', { n = 1 / 0 })\n"
               "assert(none == nil and code == 'value', message)");
}

static void
test_an_interrupt_cancels_a_transfer(void **state)
{
    volatile sig_atomic_t interrupt = 1;
    run_with(state, &interrupt,
             "local none, message, code = http.get(url .. '/slow', { timeout = 10 })\n"
             "assert(none == nil and code == 'interrupted', message)");
}

static void
test_wrong_arguments_raise(void **state)
{
    run(state, "local function raises(pattern, ...)\n"
               "  local ok, why = pcall(...)\n"
               "  assert(not ok and why:find(pattern), why)\n"
               "end\n"
               "raises('string expected', http.get)\n"
               "raises(\"did you mean 'timeout'\", http.get, url, { timout = 1 })\n"
               "raises('between a millisecond', http.get, url, { timeout = 0 })\n"
               "raises('between a millisecond', http.get, url, { timeout = 0 / 0 })\n"
               "raises('negative', http.get, url, { max_bytes = -1 })\n"
               "raises('string or table expected', http.post, url, print)\n"
               "raises('no JSON form', http.post, url, { print })\n"
               "raises('cannot have', http.get, url, { headers = { A = 'b\\r\\nC: d' } })\n"
               "raises('cannot have', http.get, url, { headers = { ['A: b'] = 'c' } })\n"
               "raises('texts by name', http.get, url, { headers = { 'A: b' } })");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get_returns_status_and_body),
        cmocka_unit_test(test_post_sends_a_text_as_it_is),
        cmocka_unit_test(test_post_sends_a_table_as_json),
        cmocka_unit_test(test_get_follows_redirects_within_limits_and_post_none),
        cmocka_unit_test(test_no_way_to_files),
        cmocka_unit_test(test_failures_say_what_and_give_a_code),
        cmocka_unit_test(test_an_interrupt_cancels_a_transfer),
        cmocka_unit_test(test_wrong_arguments_raise),
    };
    unsetenv("http_proxy"); /* the loopback is not behind a proxy */
    unsetenv("https_proxy");
    unsetenv("all_proxy");
    return cmocka_run_group_tests(tests, start, stop);
}
