/* The S3 store on a real server that verifies signatures, through a proxy that fails on command. */
#include <openssl/evp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "archive/s3_upload.h"
#include "support/s3_support.h"

enum { SMALL = 1000, LARGE = 20 << 20, PART = 8 << 20 };

/* `length` bytes that do not repeat by parts or buffers. */
static char *
content(s3_test *t, size_t length)
{
    char *bytes = prt_arena_alloc(t->arena, length + 4);
    uint32_t x = (uint32_t) length + 1;
    for (size_t i = 0; i < length; i += 4) {
        x = x * 1664525U + 1013904223U;
        memcpy(bytes + i, &x, 4);
    }
    return bytes;
}

static const char *
sha256(s3_test *t, const void *bytes, size_t length)
{
    unsigned char digest[32];
    char *hex = prt_arena_alloc(t->arena, 65);
    assert_int_equal(EVP_Digest(bytes, length, digest, NULL, EVP_sha256(), NULL), 1);
    for (size_t i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return hex;
}

/* In pieces of an odd size. On failure the writer is ended as its contract says. */
static bool
put(s3_test *t, const char *url, const char *bytes, size_t length, prt_error *err)
{
    enum { PIECE = 99991 };
    prt_writer *writer;
    if (!t->store->put(t->store, url, &writer, err))
        return false;
    for (size_t at = 0; at < length; at += PIECE)
        if (!writer->write(writer, bytes + at, length - at < PIECE ? length - at : PIECE, err)) {
            writer->abort(writer);
            return false;
        }
    return writer->finish(writer, err);
}

static bool
get(s3_test *t, const char *url, prt_buf *out, prt_error *err)
{
    prt_reader *reader;
    const char *bytes;
    size_t length = 0;
    prt_buf_init(out, t->arena);
    bool ok = t->store->get(t->store, url, &reader, err);
    if (!ok)
        return false;
    do {
        ok = reader->read(reader, &bytes, &length, err);
        if (ok)
            prt_buf_mem(out, bytes, length);
    } while (ok && length > 0);
    reader->close(reader);
    return ok;
}

static void
assert_content(s3_test *t, const char *url, const char *bytes, size_t length)
{
    prt_error err = {0};
    prt_buf out;
    assert_ok(get(t, url, &out, &err), &err);
    assert_int_equal(out.length, length);
    assert_true(length == 0 || memcmp(out.data, bytes, length) == 0);
}

static bool
is_there(s3_test *t, const char *url)
{
    prt_error err = {0};
    prt_object object;
    assert_ok(t->store->stat(t->store, url, &object, &err), &err);
    return object.found;
}

static void
erase(s3_test *t, const char *url)
{
    prt_error err = {0};
    assert_ok(t->store->remove(t->store, url, &err), &err);
}

static void
assert_text(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, text);
}

static void
assert_no_uploads(s3_test *t)
{
    assert_string_equal(s3_look(t, "uploads", getenv("PARTRUN_TEST_S3"), ""), "");
}

/* ---- what is written is what is read, by us and by another client ---- */

static void
test_sizes_and_names(void **state)
{
    static const struct {
        const char *name;
        size_t length;
    } rows[] = {{"empty.csv", 0},
                {"dir/one.csv", 1},
                {"just below a part", PART - 1},
                {"a part", PART},
                {"a byte more", PART + 1},
                {"a b+c=d&e%25?#[]!*(),:;@$ü€/./../x//y~-_.copy", SMALL},
                {"schema/Tables \"quoted\" <x>/\\/p.csv.zst", LARGE}};
    s3_test *t = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prt_error err = {0};
        prt_object object;
        const char *url = s3_url(t, rows[i].name), *bytes = content(t, rows[i].length);
        assert_false(is_there(t, url));
        assert_ok(put(t, url, bytes, rows[i].length, &err), &err);
        assert_ok(t->store->stat(t->store, url, &object, &err), &err);
        assert_true(object.found);
        assert_int_equal(object.bytes, rows[i].length);
        assert_content(t, url, bytes, rows[i].length);
        assert_string_equal(s3_look(t, "object", url, ""),
                            prt_arena_printf(t->arena, "%zu %s -", rows[i].length, sha256(t, bytes, rows[i].length)));
        erase(t, url);
        erase(t, url); /* of what is not there: fine */
        assert_false(is_there(t, url));
    }
    assert_string_equal(s3_look(t, "keys", getenv("PARTRUN_TEST_S3"), ""), "");
    assert_no_uploads(t);
}

static void
test_never_replaces(void **state)
{
    s3_test *t = *state;
    const char *url = s3_url(t, "taken"), *large = content(t, LARGE);
    for (size_t length = SMALL; length <= LARGE; length += LARGE - SMALL) {
        prt_error err = {0}, late = {0};
        prt_writer *writer;
        assert_ok(t->store->put(t->store, url, &writer, &err), &err);
        assert_ok(writer->write(writer, large, length, &err), &err);
        s3_look(t, "put", url, "another one"); /* meanwhile */
        assert_false(writer->finish(writer, &late));
        assert_int_equal(late.code, PRT_ERR_FAILED);
        assert_text(late.message, "exists already");
        assert_false(put(t, url, "x", 1, &err));
        assert_text(err.message, "exists already");
        assert_text(err.hint, "replaces no object");
        assert_content(t, url, "another one", strlen("another one"));
        erase(t, url);
    }
    assert_no_uploads(t);
}

static void
test_server_without_conditions(void **state)
{
    s3_test *t = *state;
    prt_error err = {0};
    const char *small = s3_url(t, "plain/small"), *large = s3_url(t, "plain/large"), *bytes = content(t, LARGE);
    s3_faults(t, "PUT - unconditional 1\n");
    assert_ok(put(t, small, bytes, SMALL, &err), &err);
    s3_reopen(t);
    s3_faults(t, "POST uploadId unconditional 1\n");
    assert_ok(put(t, large, bytes, LARGE, &err), &err);
    assert_int_equal(s3_count(t, "PUT", "501:NotImplemented"), 1);
    assert_int_equal(s3_count(t, "POST", "501:NotImplemented"), 1);
    assert_content(t, small, bytes, SMALL);
    assert_content(t, large, bytes, LARGE);
    erase(t, small);
    erase(t, large);
}

/* ---- failures that pass ---- */

static void
test_passing_failures(void **state)
{
    static const struct {
        const char *rules;
        size_t length;
        const char *method, *word; /* of requests that were repeated */
        int count;
    } rows[] = {
        {"PUT - 500 1\nPUT - 503:SlowDown 1\nPUT - 429 1\n", SMALL, "PUT", "/f", 4},
        {"PUT - reset 1\nPUT - hang 1\n", SMALL, "PUT", "/f", 3},
        {"PUT - damage 1\nPUT - 400:RequestTimeout 1\n", SMALL, "PUT", "/f", 3},
        {"PUT - lost 1\n", SMALL, "PUT", "/f", 2}, /* the second one finds the first one's object */
        {"HEAD - 503 1\nHEAD - reset 1\n", SMALL, "HEAD", "/f", 3},
        {"GET uploads 502 1\n", SMALL, "GET", "uploads", 2},
        {"POST uploads 503 1\nPOST uploads lost 1\n", LARGE, "POST", "uploads=", 3},
        {"PUT partNumber=1 500 2\nPUT partNumber=2 reset 1\nPUT partNumber=2 damage 1\nPUT partNumber=3 hang 1\n",
         LARGE, "PUT", "partNumber", 8},
        {"PUT partNumber=2 lost 1\nPUT partNumber=3 504 1\n", LARGE, "PUT", "partNumber", 5},
        {"POST uploadId= late:InternalError 2\nPOST uploadId= 503:SlowDown 1\n", LARGE, "POST", "uploadId=", 4},
        {"POST uploadId= 200 1\n", LARGE, "POST", "uploadId=", 2}, /* a body that never came */
        {"POST uploadId= lost 1\n", LARGE, "POST", "uploadId=", 2},
        /* Seven, since libcurl repeats by itself on a connection that was used before. It is there all the same. */
        {"POST uploadId= lost 9\n", LARGE, "POST", "uploadId=", 7},
    };
    s3_test *t = *state;
    const char *url = s3_url(t, "f"), *bytes = content(t, LARGE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prt_error err = {0};
        s3_forget(t);
        s3_faults(t, rows[i].rules);
        if (!put(t, url, bytes, rows[i].length, &err))
            fail_msg("%s: %s", rows[i].rules, err.message);
        if (s3_count(t, rows[i].method, rows[i].word) != rows[i].count)
            fail_msg("%s: not %d times in\n%s", rows[i].rules, rows[i].count, s3_requests(t));
        assert_content(t, url, bytes, rows[i].length);
        erase(t, url);
    }
    assert_text(s3_log(t), "trying again in");
    erase(t, url);
    for (char *line = prt_arena_strdup(t->arena, s3_look(t, "uploads", s3_url(t, ""), "")), *key;
         (key = strsep(&line, "\n")) != NULL;)
        assert_true(key[0] == '\0'); /* also the one whose beginning was answered by nothing */
}

static void
test_passing_failures_of_reading(void **state)
{
    static const struct {
        const char *rules;
        int count;
    } rows[] = {
        {"GET - 500 1\nGET - reset 1\nGET - 503:SlowDown 1\n", 4},
        {"GET - cut:3000000 1\nGET - 503 1\nGET - cut:100 1\nGET - reset 1\n", 5},
        {"GET - stall:700000 1\n", 2},
        {"GET - cut:3000000 1\nGET - norange 1\n", 2},
        {"GET - cut:1500000 9\n", 10}, /* each one brings us on */
    };
    s3_test *t = *state;
    prt_error err = {0};
    const char *url = s3_url(t, "r"), *bytes = content(t, LARGE);
    assert_ok(put(t, url, bytes, LARGE, &err), &err);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        s3_forget(t);
        s3_faults(t, rows[i].rules);
        assert_content(t, url, bytes, LARGE);
        if (s3_count(t, "GET", "/r") != rows[i].count)
            fail_msg("%s: not %d times in\n%s", rows[i].rules, rows[i].count, s3_requests(t));
    }
    assert_text(s3_requests(t), "range=bytes=1500000- if-match=\"");
    erase(t, url);
}

/* ---- failures that stay ---- */

static void
test_lasting_failures(void **state)
{
    static const struct {
        const char *rules;
        size_t length;
        const char *message, *hint;
    } rows[] = {
        {"PUT - 503:SlowDown 9\n", SMALL, "SlowDown: made up & wanted (status 503, tried 3 times)", ""},
        {"PUT partNumber=2 500 9\n", LARGE, "(status 500, tried 3 times)", ""},
        {"PUT partNumber=2 reset 9\n", LARGE, "tried 3 times", "can be reached"},
        {"PUT partNumber=3 hang 9\n", LARGE, "did not answer in time", "can be reached"},
        {"POST uploadId= late:InternalError 9\n", LARGE, "InternalError", ""},
        {"POST uploadId= 400:InvalidPart 9\n", LARGE, "InvalidPart", ""},
        {"PUT - 403:AccessDenied 9\n", SMALL, "AccessDenied: made up & wanted (status 403)", "s3:PutObject"},
        {"PUT partNumber=2 403:AccessDenied 9\n", LARGE, "AccessDenied", "s3:PutObject"},
        {"PUT - 403:SignatureDoesNotMatch 9\n", SMALL, "SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY"},
        {"PUT - 403:RequestTimeTooSkewed 9\n", SMALL, "RequestTimeTooSkewed", "clock is wrong"},
        {"PUT - 400:AuthorizationHeaderMalformed 9\n", SMALL, "Malformed", "region eu-test-7: set AWS_REGION"},
        {"PUT - 400:ExpiredToken 9\n", SMALL, "ExpiredToken", "get new ones"},
        {"HEAD - 403 9\n", SMALL, "access denied (status 403)", "s3:ListBucket"},
        {"POST uploads 501 9\n", LARGE, "refused (status 501)", ""},
    };
    s3_test *t = *state;
    const char *url = s3_url(t, "l"), *bytes = content(t, LARGE);
    t->options.retries = 2;
    s3_set(t, "PARTRUN_S3_TIMEOUT", "1");
    s3_reopen(t);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prt_error err = {0};
        s3_forget(t);
        s3_faults(t, rows[i].rules);
        assert_false(put(t, url, bytes, rows[i].length, &err));
        assert_text(err.message, rows[i].message);
        assert_text(err.hint, rows[i].hint);
        assert_string_equal(err.object, url);
        if (strstr(rows[i].rules, " 40") != NULL && s3_count(t, "PUT", " 40") > 1)
            fail_msg("%s: repeated:\n%s", rows[i].rules, s3_requests(t));
        s3_forget(t);
        assert_false(is_there(t, url));
        assert_no_uploads(t);
    }
}

static void
test_lasting_failures_of_reading(void **state)
{
    s3_test *t = *state;
    prt_error err = {0}, cut = {0}, changed = {0}, denied = {0}, none = {0};
    prt_buf out;
    const char *url = s3_url(t, "r2"), *bytes = content(t, LARGE);
    assert_false(get(t, url, &out, &none));
    assert_text(none.message, "NoSuchKey");
    assert_ok(put(t, url, bytes, LARGE, &err), &err);
    t->options.retries = 2;
    s3_reopen(t);
    s3_faults(t, "GET - cut:100000 9\n");
    assert_false(get(t, url, &out, &cut));
    assert_text(cut.message, "tried 3 times");
    assert_int_equal(out.length, 300000);
    assert_memory_equal(out.data, bytes, 300000);
    s3_forget(t);
    s3_faults(t, "GET - 403:AccessDenied 1\n");
    assert_false(get(t, url, &out, &denied));
    assert_text(denied.hint, "s3:GetObject");

    prt_reader *reader;
    const char *piece;
    size_t length;
    bool ok = true;
    s3_forget(t);
    s3_faults(t, "GET - cut:1000000 1\n");
    assert_ok(t->store->get(t->store, url, &reader, &err), &err);
    assert_ok(reader->read(reader, &piece, &length, &err), &err);
    s3_look(t, "put", url, "another object");
    while (ok && length > 0)
        ok = reader->read(reader, &piece, &length, &changed);
    assert_false(ok);
    assert_text(changed.message, "changed while it was read");
    reader->close(reader);
    erase(t, url);
}

static void
test_wrong_settings(void **state)
{
    s3_test *t = *state;
    prt_error secret = {0}, key = {0}, bucket = {0}, nobody = {0}, name = {0};
    s3_set(t, "AWS_SECRET_ACCESS_KEY", "very-secret-and-wrong");
    s3_reopen(t);
    prt_buf out;
    assert_false(get(t, s3_url(t, "x"), &out, &secret));
    assert_text(secret.message, "SignatureDoesNotMatch");
    assert_text(secret.hint, "AWS_SECRET_ACCESS_KEY");
    s3_set(t, "AWS_ACCESS_KEY_ID", "NOBODY");
    s3_reopen(t);
    assert_false(get(t, s3_url(t, "x"), &out, &key));
    assert_text(key.hint, "AWS_ACCESS_KEY_ID");
    assert_null(strstr(s3_log(t), "very-secret"));
    s3_set(t, "AWS_ACCESS_KEY_ID", getenv("AWS_ACCESS_KEY_ID"));
    s3_set(t, "AWS_SECRET_ACCESS_KEY", getenv("AWS_SECRET_ACCESS_KEY"));
    s3_reopen(t);
    assert_false(put(t, "s3://no-such-bucket/x", "x", 1, &bucket));
    assert_text(bucket.message, "NoSuchBucket");
    assert_text(bucket.hint, "make the bucket");
    assert_false(put(t, "s3://b@d/x", "x", 1, &name));
    assert_int_equal(name.code, PRT_ERR_USAGE);
    t->options.retries = 1;
    s3_set(t, "AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1");
    s3_reopen(t);
    assert_false(put(t, s3_url(t, "x"), "x", 1, &nobody));
    assert_int_equal(nobody.code, PRT_ERR_IO);
    assert_text(nobody.hint, "AWS_ENDPOINT_URL_S3");
}

/* ---- uploads that were left, ended, interrupted ---- */

static void
leave_upload(s3_test *t, const char *url)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) { /* killed in the middle */
        prt_error err = {0};
        prt_store *store;
        prt_writer *writer;
        bool ok = prt_store_s3(&t->options, &store, &err) && store->put(store, url, &writer, &err) &&
                  writer->write(writer, content(t, LARGE), LARGE, &err);
        _exit(ok ? 42 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 42);
}

static void
test_abandoned_uploads(void **state)
{
    s3_test *t = *state;
    prt_error err = {0};
    const char *url = s3_url(t, "u/a&b <1>"), *other = s3_url(t, "u/a&b <1>.manifest.json");
    leave_upload(t, url);
    leave_upload(t, other);
    assert_string_equal(s3_look(t, "uploads", s3_url(t, ""), ""), "u/a&b <1>\nu/a&b <1>.manifest.json");
    assert_ok(put(t, url, "x", 1, &err), &err);
    assert_string_equal(s3_look(t, "uploads", s3_url(t, ""), ""), "u/a&b <1>.manifest.json");
    assert_text(s3_log(t), "never finished");
    /* A server that does not let us look is no reason not to write. */
    s3_faults(t, "GET uploads 403:AccessDenied 1\n");
    erase(t, url);
    assert_ok(put(t, url, "x", 1, &err), &err);
    assert_text(s3_log(t), "may lie there");
    assert_ok(put(t, other, "x", 1, &err), &err);
    assert_no_uploads(t);
    erase(t, url);
    erase(t, other);
}

static void
test_abort_and_interrupt(void **state)
{
    s3_test *t = *state;
    prt_error err = {0}, stopped = {0}, reading = {0};
    prt_writer *writer;
    prt_buf out;
    const char *url = s3_url(t, "i"), *bytes = content(t, LARGE);
    assert_ok(t->store->put(t->store, url, &writer, &err), &err);
    assert_ok(writer->write(writer, bytes, LARGE, &err), &err);
    writer->abort(writer);
    assert_false(is_there(t, url));
    assert_no_uploads(t);

    s3_set(t, "PARTRUN_S3_TIMEOUT", "60");
    s3_reopen(t);
    s3_faults(t, "PUT partNumber hang 9\n");
    assert_ok(t->store->put(t->store, url, &writer, &err), &err);
    assert_ok(writer->write(writer, bytes, PART, &err), &err);
    t->interrupt = 1; /* while the part hangs */
    assert_false(writer->write(writer, bytes, PART, &stopped));
    assert_int_equal(stopped.code, PRT_ERR_INTERRUPTED);
    writer->abort(writer);
    assert_false(get(t, url, &out, &reading));
    assert_int_equal(reading.code, PRT_ERR_INTERRUPTED);
    t->interrupt = 0;
    s3_forget(t);
    assert_false(is_there(t, url));
    assert_no_uploads(t);
}

static s3_test *interrupted; /* by the alarm */

static void
on_alarm(int signal)
{
    interrupted->interrupt = signal;
}

/* What the server has begun when the interrupt comes is aborted, although nobody knows its name yet. */
static void
test_interrupt_at_the_beginning(void **state)
{
    s3_test *t = *state;
    prt_error err = {0}, stopped = {0};
    prt_writer *writer;
    const char *url = s3_url(t, "begun"), *bytes = content(t, LARGE);
    const struct itimerval soon = {.it_value = {.tv_usec = 300000}};
    interrupted = t;
    signal(SIGALRM, on_alarm);
    s3_faults(t, "POST uploads slow 1\n");
    assert_ok(t->store->put(t->store, url, &writer, &err), &err);
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
    assert_false(writer->write(writer, bytes, LARGE, &stopped));
    assert_int_equal(stopped.code, PRT_ERR_INTERRUPTED);
    writer->abort(writer);
    t->interrupt = 0;
    s3_forget(t);
    assert_no_uploads(t);
}

/* Parts of more than 8 MiB lie in a file; so does this one, that has a late part's size. */
static void
test_part_in_a_file(void **state)
{
    s3_test *t = *state;
    prt_error err = {0};
    prt_s3_part part;
    prt_s3_object object;
    prt_s3_upload *upload;
    prt_s3_answer answer = {0};
    size_t taken;
    const char *url = s3_url(t, "spooled"), *bytes = content(t, LARGE), *xml;
    const char *const headers[] = {NULL};
    prt_s3_store *store = (prt_s3_store *) t->store;
    prt_s3_part_init(&part, store->config.spool);
    assert_ok(prt_s3_part_begin(&part, 1001, &err), &err);
    assert_null(part.memory);
    assert_ok(prt_s3_part_add(&part, bytes, LARGE, &taken, &err), &err);
    assert_int_equal(taken, 2 * PART); /* it is full */
    assert_ok(prt_s3_object_parse(t->arena, url, &object, &err), &err);
    assert_ok(prt_s3_upload_begin(store, &object, headers, &upload, &err), &err);
    assert_ok(prt_s3_upload_part(upload, &part, &err), &err);
    assert_ok(prt_s3_upload_manifest(upload, t->arena, &xml, &err), &err);
    const prt_s3_param query[] = {{"uploadId", prt_s3_upload_id(upload)}, {NULL, NULL}};
    const prt_s3_body body = {.memory = xml, .length = (int64_t) strlen(xml)};
    prt_s3_call call = prt_s3_object_call(store, t->arena, &object, "POST", false, query);
    call.body = &body;
    assert_ok(prt_s3_send(store->client, t->arena, &call, &answer, &err), &err);
    prt_s3_upload_end(upload, false);
    prt_s3_part_done(&part);
    assert_content(t, url, bytes, 2 * PART);
    erase(t, url);
}

/* ---- settings that a request shows ---- */

static void
test_encryption(void **state)
{
    s3_test *t = *state;
    prt_error err = {0};
    const char *url = s3_url(t, "sse"), *bytes = content(t, LARGE);
    s3_set(t, "PARTRUN_S3_SSE", "aws:kms");
    s3_set(t, "PARTRUN_S3_SSE_KMS_KEY_ID", getenv("PARTRUN_TEST_S3_KMS_KEY"));
    s3_reopen(t);
    for (size_t length = SMALL; length <= LARGE; length += LARGE - SMALL) {
        assert_ok(put(t, url, bytes, length, &err), &err);
        assert_content(t, url, bytes, length);
        assert_string_equal(s3_look(t, "object", url, ""),
                            prt_arena_printf(t->arena, "%zu %s aws:kms", length, sha256(t, bytes, length)));
        erase(t, url);
    }
    s3_set(t, "PARTRUN_S3_SSE", "AES256");
    s3_set(t, "PARTRUN_S3_SSE_KMS_KEY_ID", "");
    s3_reopen(t);
    s3_faults(t, "PUT - 400:Unwanted 1\nPOST - 400:Unwanted 1\n");
    assert_false(put(t, url, bytes, SMALL, &err));
    assert_false(put(t, url, bytes, LARGE, &err));
    assert_int_equal(s3_count(t, "PUT", "x-amz-server-side-encryption=AES256"), 1);
    assert_int_equal(s3_count(t, "POST", "x-amz-server-side-encryption=AES256"), 1);
}

static void
test_styles(void **state)
{
    s3_test *t = *state;
    prt_error err = {0};
    const char *url = s3_url(t, "style/a=b"), *bytes = content(t, LARGE), *port = strrchr(t->endpoint, ':');
    s3_set(t, "PARTRUN_S3_STYLE", "virtual");
    s3_set(t, "AWS_ENDPOINT_URL_S3", prt_arena_printf(t->arena, "http://localhost%s/", port));
    s3_reopen(t);
    assert_ok(put(t, url, bytes, LARGE, &err), &err);
    assert_content(t, url, bytes, LARGE);
    assert_text(s3_requests(t), prt_arena_printf(t->arena, "host=archive.localhost%s", port));
    assert_text(s3_requests(t), "PUT /style/a%3Db?partNumber=1&uploadId=");
    s3_set(t, "PARTRUN_S3_STYLE", "path");
    s3_reopen(t);
    assert_content(t, url, bytes, LARGE);
    assert_text(s3_requests(t), "GET /archive/style/a%3Db ");
    erase(t, url);
}

/* ---- a role's credentials, which the server verifies ---- */

static void
write_token(const char *path, const char *token)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "%s\n", token);
    fclose(file);
}

static void
test_web_identity(void **state)
{
    s3_test *t = *state;
    prt_error err = {0}, refused = {0}, gone = {0};
    char path[] = "/tmp/partrun-token.XXXXXX";
    const char *url = s3_url(t, "role"), *bytes = content(t, LARGE);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    write_token(path, "token-3600");
    s3_set(t, "AWS_ACCESS_KEY_ID", "");
    s3_set(t, "AWS_SECRET_ACCESS_KEY", "");
    s3_set(t, "AWS_ROLE_ARN", "arn:aws:iam::1:role/keeper");
    s3_set(t, "AWS_ROLE_SESSION_NAME", "night");
    s3_set(t, "AWS_WEB_IDENTITY_TOKEN_FILE", path);
    s3_set(t, "AWS_ENDPOINT_URL_STS", t->endpoint);
    s3_reopen(t);
    assert_ok(put(t, url, bytes, LARGE, &err), &err);
    assert_content(t, url, bytes, LARGE);
    assert_int_equal(s3_count(t, "POST", "sts:arn:aws:iam::1:role/keeper:night:token-3600"), 1);
    assert_true(s3_count(t, "PUT", "x-amz-security-token=session/of+token-3600==") > 0);
    /* The server says that it has ended: another one, by the token that the file holds by now. */
    write_token(path, "token-1");
    s3_faults(t, "GET - 400:ExpiredToken 1\n");
    assert_content(t, url, bytes, LARGE);
    assert_int_equal(s3_count(t, "POST", ":token-1 "), 1);
    /* A short life: renewed before its end. */
    usleep(600000);
    assert_content(t, url, bytes, LARGE);
    assert_int_equal(s3_count(t, "POST", ":token-1 "), 2);
    s3_forget(t);
    erase(t, url);

    write_token(path, "forged-secret");
    s3_reopen(t);
    assert_false(put(t, url, "x", 1, &refused));
    assert_text(refused.message, "cannot take the role arn:aws:iam::1:role/keeper: InvalidIdentityToken");
    assert_null(strstr(refused.message, "forged-secret"));
    assert_null(strstr(s3_log(t), "forged-secret"));
    unlink(path);
    assert_false(put(t, url, "x", 1, &gone));
    assert_text(gone.hint, "AWS_WEB_IDENTITY_TOKEN_FILE");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sizes_and_names, s3_test_setup, s3_test_teardown),
        cmocka_unit_test_setup_teardown(test_never_replaces, s3_test_setup, s3_test_teardown),
        cmocka_unit_test_setup_teardown(test_server_without_conditions, s3_test_setup, s3_test_teardown),
        cmocka_unit_test_setup_teardown(test_passing_failures, s3_test_setup, s3_test_teardown),
        cmocka_unit_test_setup_teardown(test_passing_failures_of_reading, s3_test_setup, s3_test_teardown),
        cmocka_unit_test_setup_teardown(test_lasting_failures, s3_test_setup, s3_test_teardown),
        cmocka_unit_test_setup_teardown(test_lasting_failures_of_reading, s3_test_setup, s3_test_teardown),
        cmocka_unit_test_setup_teardown(test_wrong_settings, s3_test_setup, s3_test_teardown),
        cmocka_unit_test_setup_teardown(test_abandoned_uploads, s3_test_setup, s3_test_teardown),
        cmocka_unit_test_setup_teardown(test_abort_and_interrupt, s3_test_setup, s3_test_teardown),
        cmocka_unit_test_setup_teardown(test_interrupt_at_the_beginning, s3_test_setup, s3_test_teardown),
        cmocka_unit_test_setup_teardown(test_part_in_a_file, s3_test_setup, s3_test_teardown),
        cmocka_unit_test_setup_teardown(test_encryption, s3_test_setup, s3_test_teardown),
        cmocka_unit_test_setup_teardown(test_styles, s3_test_setup, s3_test_teardown),
        cmocka_unit_test_setup_teardown(test_web_identity, s3_test_setup, s3_test_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
