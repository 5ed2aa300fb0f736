#include "support/s3_support.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"

static const char *
lookup(void *data, const char *name)
{
    const s3_test *t = data;
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof t->variables / sizeof t->variables[0] && t->variables[i] != NULL; i++)
        if (strncmp(t->variables[i], name, length) == 0 && t->variables[i][length] == '=')
            return t->variables[i] + length + 1;
    return getenv(name);
}

void
s3_set(s3_test *t, const char *name, const char *value)
{
    size_t i = 0, length = strlen(name);
    while (t->variables[i] != NULL && !(strncmp(t->variables[i], name, length) == 0 && t->variables[i][length] == '='))
        i++;
    assert_true(i + 1 < sizeof t->variables / sizeof t->variables[0]);
    t->variables[i] = prt_arena_printf(t->arena, "%s=%s", name, value);
}

/* s3-faults before the server of the environment; its port is the first line that it prints. */
static void
start_proxy(s3_test *t)
{
    int in[2], out[2];
    char line[32] = "";
    const char *upstream = getenv("AWS_ENDPOINT_URL_S3") + strlen("http://");
    const char *program = prt_arena_printf(t->arena, "%s/tests/support/s3-faults", getenv("PARTRUN_SOURCE_DIR"));
    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    t->proxy = fork();
    assert_true(t->proxy >= 0);
    if (t->proxy == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        close(in[0]), close(in[1]), close(out[0]), close(out[1]);
        execl(program, program, upstream, (char *) NULL);
        _exit(127);
    }
    close(in[0]), close(out[1]);
    t->proxy_input = in[1];
    for (size_t n = 0; n + 1 < sizeof line && strchr(line, '\n') == NULL;) {
        ssize_t got = read(out[0], line + n, sizeof line - 1 - n);
        if (got <= 0)
            fail_msg("%s did not start", program);
        n += (size_t) got;
    }
    close(out[0]);
    t->endpoint = prt_arena_printf(t->arena, "http://127.0.0.1:%ld", strtol(line, NULL, 10));
}

void
s3_reopen(s3_test *t)
{
    prt_error err = {0};
    if (t->store != NULL)
        t->store->close(t->store);
    assert_ok(prt_store_s3(&t->options, &t->store, &err), &err);
}

int
s3_test_setup(void **state)
{
    if (getenv("PARTRUN_TEST_S3") == NULL) {
        fprintf(stderr, "there is no server: run this through tests/support/with-s3\n");
        exit(1);
    }
    prt_arena *arena = prt_arena_new();
    s3_test *t = PRT_NEW(arena, s3_test);
    t->arena = arena;
    start_proxy(t);
    t->log_stream = open_memstream(&t->log_text, &t->log_length);
    t->log = (prt_log) {.stream = t->log_stream, .level = PRT_DEBUG};
    t->options = (prt_store_options) {
        .log = &t->log, .interrupt = &t->interrupt, .env = lookup, .env_data = t, .retries = -1};
    s3_set(t, "AWS_ENDPOINT_URL_S3", t->endpoint);
    s3_set(t, "PARTRUN_S3_TIMEOUT", "2");
    s3_reopen(t);
    *state = t;
    return 0;
}

int
s3_test_teardown(void **state)
{
    s3_test *t = *state;
    t->store->close(t->store);
    close(t->proxy_input);
    waitpid(t->proxy, NULL, 0);
    fclose(t->log_stream);
    free(t->log_text);
    prt_arena_free(t->arena);
    return 0;
}

const char *
s3_url(s3_test *t, const char *name)
{
    return prt_arena_printf(t->arena, "%s/%s", getenv("PARTRUN_TEST_S3"), name);
}

static size_t
collect(char *bytes, size_t size, size_t count, void *data)
{
    prt_buf_mem(data, bytes, size * count);
    return size * count;
}

static const char *
control(s3_test *t, const char *method, const char *body)
{
    prt_buf answer;
    prt_buf_init(&answer, t->arena);
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, prt_arena_printf(t->arena, "%s/_faults", t->endpoint));
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
    if (body != NULL)
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer);
    assert_int_equal(curl_easy_perform(easy), CURLE_OK);
    curl_easy_cleanup(easy);
    return answer.length == 0 ? "" : answer.data;
}

void
s3_faults(s3_test *t, const char *rules)
{
    control(t, "PUT", rules);
}

void
s3_forget(s3_test *t)
{
    control(t, "DELETE", NULL);
}

const char *
s3_requests(s3_test *t)
{
    return control(t, "GET", NULL);
}

int
s3_count(s3_test *t, const char *method, const char *word)
{
    int n = 0;
    char *text = prt_arena_strdup(t->arena, s3_requests(t)), *line;
    while ((line = strsep(&text, "\n")) != NULL)
        n += strncmp(line, method, strlen(method)) == 0 && line[strlen(method)] == ' ' && strstr(line, word) != NULL;
    return n;
}

const char *
s3_look(s3_test *t, const char *what, const char *url, const char *text)
{
    char out[4096] = "";
    const char *command = prt_arena_printf(t->arena, "'%s/tests/support/s3-look' %s '%s' '%s'",
                                           getenv("PARTRUN_SOURCE_DIR"), what, url, text);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    out[fread(out, 1, sizeof out - 1, pipe)] = '\0';
    assert_int_equal(pclose(pipe), 0);
    size_t length = strlen(out);
    if (length > 0 && out[length - 1] == '\n')
        out[length - 1] = '\0';
    return prt_arena_strdup(t->arena, out);
}

const char *
s3_log(s3_test *t)
{
    fflush(t->log_stream);
    return t->log_text;
}
