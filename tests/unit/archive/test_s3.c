/* The S3 store without a server: settings and credentials, addresses, signatures, XML, parts. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "archive/s3_part.h"
#include "archive/s3_sign.h"
#include "archive/s3_xml.h"
#include "archive/store_s3.h"
#include "support/support.h"

/* ---- settings ---- */

static const char *
lookup(void *data, const char *name)
{
    size_t length = strlen(name);
    for (const char *const *v = data; *v != NULL; v++)
        if (strncmp(*v, name, length) == 0 && (*v)[length] == '=')
            return *v + length + 1;
    return NULL;
}

static bool
configure(prt_arena *arena, const char **variables, prt_s3_config *out, prt_error *err)
{
    const prt_s3_env env = {.get = lookup, .data = variables};
    return prt_s3_config_read(arena, &env, out, err);
}

static void
write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static const char credentials_text[] = "# mine\n"
                                       "[default]\n"
                                       "aws_access_key_id = FILEKEY\n"
                                       "aws_secret_access_key=file/secret+=\r\n"
                                       "\n"
                                       "[ night ]\n"
                                       "aws_access_key_id=NIGHTKEY\n"
                                       "aws_secret_access_key=night\n"
                                       "aws_session_token = night-token==\n"
                                       "[half]\n"
                                       "aws_access_key_id=HALFKEY\n";
static const char config_text[] = "[default]\n"
                                  "region = eu-west-3\n"
                                  "s3 =\n"
                                  "    endpoint_url = http://nested.example\n"
                                  "[night]\n"
                                  "region = not-this-one\n"
                                  "[profile night]\n"
                                  "; region = nor-this\n"
                                  "region=ap-south-1\n"
                                  "endpoint_url=https://minio.example:9000/base/\n"
                                  "ca_bundle=/etc/night.pem\n"
                                  "[profile role]\n"
                                  "role_arn = arn:aws:iam::1:role/r\n"
                                  "web_identity_token_file = /run/token\n"
                                  "role_session_name = tester\n"
                                  "[profile sso]\n"
                                  "sso_session = corp\n"
                                  "[profile nightly]\n"
                                  "aws_access_key_id=NIGHTLYKEY\n"
                                  "aws_secret_access_key=nightly\n";

static void
test_profiles(void **state)
{
    prt_arena *arena = *state;
    prt_s3_profile p = {0};
    assert_true(prt_s3_profile_add(arena, credentials_text, false, "default", &p));
    assert_string_equal(p.key_id, "FILEKEY");
    assert_string_equal(p.secret, "file/secret+=");
    assert_null(p.token);
    assert_true(prt_s3_profile_add(arena, config_text, true, "default", &p));
    assert_string_equal(p.region, "eu-west-3");
    assert_null(p.endpoint); /* it is a nested one */

    p = (prt_s3_profile) {0};
    assert_true(prt_s3_profile_add(arena, credentials_text, false, "night", &p));
    assert_true(prt_s3_profile_add(arena, config_text, true, "night", &p));
    assert_string_equal(p.key_id, "NIGHTKEY");
    assert_string_equal(p.token, "night-token==");
    assert_string_equal(p.region, "ap-south-1");
    assert_string_equal(p.ca_bundle, "/etc/night.pem");

    p = (prt_s3_profile) {0};
    assert_false(prt_s3_profile_add(arena, credentials_text, false, "nigh", &p));
    assert_false(prt_s3_profile_add(arena, "[broken\nregion=x\n=\n[]", true, "", &p));
    assert_true(prt_s3_profile_add(arena, config_text, true, "sso", &p));
    assert_string_equal(p.unknown_source, "sso_session");
}

typedef struct expected {
    const char *variables[8];
    const char *key_id, *secret, *token, *role, *region, *endpoint, *sts;
    bool virtual_host;
} expected;

static void
assert_same(const char *what, const char *a, const char *b)
{
    if ((a == NULL) != (b == NULL) || (a != NULL && strcmp(a, b) != 0))
        fail_msg("%s: \"%s\", not \"%s\"", what, a == NULL ? "(null)" : a, b == NULL ? "(null)" : b);
}

/* Each source of keys before the next one; each variable before its general one, before the profile. */
static void
test_order_of_settings(void **state)
{
    static const char aws[] = "https://s3.us-east-1.amazonaws.com", sts[] = "https://sts.us-east-1.amazonaws.com";
    const expected rows[] = {
        {{"AWS_ACCESS_KEY_ID=ENV", "AWS_SECRET_ACCESS_KEY=s", "AWS_SESSION_TOKEN=t", "AWS_ROLE_ARN=r",
          "AWS_WEB_IDENTITY_TOKEN_FILE=/t", "AWS_PROFILE=night", "AWS_REGION=eu-central-1"},
         "ENV",
         "s",
         "t",
         NULL,
         "eu-central-1",
         "https://minio.example:9000/base",
         "https://minio.example:9000/base",
         false},
        {{"AWS_ROLE_ARN=r", "AWS_WEB_IDENTITY_TOKEN_FILE=/t", "AWS_DEFAULT_REGION=cn-north-1"},
         NULL,
         NULL,
         NULL,
         "r",
         "cn-north-1",
         "https://s3.cn-north-1.amazonaws.com.cn",
         "https://sts.cn-north-1.amazonaws.com.cn",
         true},
        {{"AWS_PROFILE=night", "AWS_REGION=", "AWS_ENDPOINT_URL=http://all", "AWS_ENDPOINT_URL_S3=http://s3only//"},
         "NIGHTKEY",
         "night",
         "night-token==",
         NULL,
         "ap-south-1",
         "http://s3only",
         "http://all",
         false},
        {{"AWS_PROFILE=role", "AWS_REGION=us-east-1", "PARTRUN_S3_STYLE=path"},
         NULL,
         NULL,
         NULL,
         "arn:aws:iam::1:role/r",
         "us-east-1",
         aws,
         sts,
         false},
        {{"AWS_DEFAULT_PROFILE=nightly", "AWS_ENDPOINT_URL_S3=HTTP://h:1", "PARTRUN_S3_STYLE=virtual"},
         "NIGHTLYKEY",
         "nightly",
         NULL,
         NULL,
         "us-east-1",
         "HTTP://h:1",
         sts,
         true},
        {{"AWS_REGION=us-east-1"}, "FILEKEY", "file/secret+=", NULL, NULL, "us-east-1", aws, sts, true},
    };
    prt_arena *arena = *state;
    char folder[] = "/tmp/partrun-unit.XXXXXX";
    assert_non_null(mkdtemp(folder));
    const char *credentials = prt_arena_printf(arena, "%s/credentials", folder);
    const char *config = prt_arena_printf(arena, "%s/config", folder);
    write_file(credentials, credentials_text);
    write_file(config, config_text);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *variables[12] = {prt_arena_printf(arena, "AWS_SHARED_CREDENTIALS_FILE=%s", credentials),
                                     prt_arena_printf(arena, "AWS_CONFIG_FILE=%s", config)};
        memcpy(variables + 2, rows[i].variables, sizeof rows[i].variables);
        prt_s3_config c;
        prt_error err = {0};
        assert_ok(configure(arena, variables, &c, &err), &err);
        assert_same("key", c.key_id, rows[i].key_id);
        assert_same("secret", c.secret, rows[i].secret);
        assert_same("token", c.token, rows[i].token);
        assert_same("role", c.source == PRT_S3_WEB_IDENTITY ? c.role : NULL, rows[i].role);
        assert_same("region", c.region, rows[i].region);
        assert_same("endpoint", c.endpoint, rows[i].endpoint);
        assert_same("sts", c.sts_endpoint, rows[i].sts);
        assert_int_equal(c.virtual_host, rows[i].virtual_host);
    }
    /* ~/.aws, when nothing names the files. */
    prt_s3_config c;
    prt_error err = {0};
    const char *dot = prt_arena_printf(arena, "%s/.aws", folder);
    assert_int_equal(symlink(".", dot), 0);
    const char *home[] = {prt_arena_printf(arena, "HOME=%s", folder), NULL};
    assert_ok(configure(arena, home, &c, &err), &err);
    assert_string_equal(c.key_id, "FILEKEY");
    unlink(dot);
    unlink(credentials);
    unlink(config);
    rmdir(folder);
}

static void
test_wrong_settings(void **state)
{
    static const struct {
        const char *variables[4];
        const char *message, *hint;
    } rows[] = {
        {{"HOME=/nowhere"}, "no credentials", "/nowhere/.aws/credentials (no such file) and /nowhere/.aws/config"},
        {{"HOME=/nowhere", "AWS_PROFILE=x"}, "no AWS profile \"x\"", "AWS_WEB_IDENTITY_TOKEN_FILE"},
        {{"AWS_ACCESS_KEY_ID=x"}, "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not", ""},
        {{"AWS_SECRET_ACCESS_KEY=hush"}, "AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not", ""},
        {{"AWS_WEB_IDENTITY_TOKEN_FILE=/t"}, "but AWS_ROLE_ARN is not", ""},
        {{"AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=hush", "AWS_REGION=a.b/c"}, "no AWS region", "AWS_REGION"},
        {{"AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=hush", "AWS_ENDPOINT_URL_S3=https://u:hush@h"}, "endpoint", ""},
        {{"AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=hush", "AWS_ENDPOINT_URL=minio:9000"}, "endpoint", "https://"},
        {{"AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=hush", "PARTRUN_S3_STYLE=dns"}, "\"path\" or \"virtual\"", ""},
        {{"AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=hush", "PARTRUN_S3_SSE=aes256"}, "\"AES256\" or", ""},
        {{"AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=hush", "PARTRUN_S3_SSE_KMS_KEY_ID=k"}, "needs PARTRUN", ""},
        {{"AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=hush", "PARTRUN_S3_TIMEOUT=5m"}, "from 1 to 3600", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *variables[5] = {0};
        prt_s3_config c;
        prt_error err = {0};
        memcpy(variables, rows[i].variables, sizeof rows[i].variables);
        assert_false(configure(*state, variables, &c, &err));
        assert_int_equal(err.code, PRT_ERR_USAGE);
        if (strstr(err.message, rows[i].message) == NULL || strstr(err.hint, rows[i].hint) == NULL)
            fail_msg("row %zu: %s | %s", i, err.message, err.hint);
        assert_null(strstr(err.message, "hush"));
        assert_null(strstr(err.hint, "hush"));
    }
}

/* ---- addresses ---- */

static void
test_urls(void **state)
{
    const prt_s3_param query[] = {{"prefix", "a b/ü="}, {"uploads", ""}, {NULL, NULL}};
    const prt_s3_config path = {.endpoint = "http://h:9/base"};
    const prt_s3_config host = {.endpoint = "https://s3.x.amazonaws.com", .virtual_host = true};
    assert_string_equal(prt_s3_url(*state, &path, "b", "k/=~ +'%", NULL), "http://h:9/base/b/k/%3D~%20%2B%27%25");
    assert_string_equal(prt_s3_url(*state, &path, "b", NULL, query),
                        "http://h:9/base/b?prefix=a%20b%2F%C3%BC%3D&uploads=");
    assert_string_equal(prt_s3_url(*state, &host, "b", "k", NULL), "https://b.s3.x.amazonaws.com/k");
    assert_string_equal(prt_s3_url(*state, &host, "b", NULL, query + 1), "https://b.s3.x.amazonaws.com/?uploads=");
    /* No certificate fits such a name. */
    assert_string_equal(prt_s3_url(*state, &host, "b.c", "k", NULL), "https://s3.x.amazonaws.com/b.c/k");
}

/* ---- signatures: Amazon's own examples ("Signature Calculations for the Authorization Header") ---- */

static void
test_signatures(void **state)
{
    static const char empty[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    static const struct {
        const char *method, *url, *headers[3], *sha256, *signature;
    } rows[] = {
        {"GET",
         "https://examplebucket.s3.amazonaws.com/test.txt",
         {"Range: bytes=0-9"},
         empty,
         "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
        {"PUT",
         "https://examplebucket.s3.amazonaws.com:443/test%24file.text",
         {"x-amz-storage-class: REDUCED_REDUNDANCY", "Date: Fri, 24 May 2013 00:00:00 GMT"},
         "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
         "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
        {"GET",
         "https://examplebucket.s3.amazonaws.com?lifecycle=",
         {NULL},
         empty,
         "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
        {"GET",
         "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J",
         {NULL},
         empty,
         "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
    };
    const prt_s3_keys keys = {.id = "AKIAIOSFODNN7EXAMPLE", .secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const prt_s3_signing request = {.method = rows[i].method,
                                        .url = rows[i].url,
                                        .headers = rows[i].headers,
                                        .sha256 = rows[i].sha256,
                                        .region = "us-east-1",
                                        .now = INT64_C(1369353600000000)};
        const char *const *lines = prt_s3_sign(*state, &request, &keys), *last = NULL;
        assert_non_null(lines);
        for (; *lines != NULL; lines++)
            last = *lines;
        const char *signature = strstr(last, "Signature=");
        assert_non_null(signature);
        assert_string_equal(signature + strlen("Signature="), rows[i].signature);
    }
}

/* The names decide, not the lines: "-" comes before ":". */
static void
test_order_of_signed_headers(void **state)
{
    const char *const headers[] = {"x-amz-server-side-encryption-aws-kms-key-id: k",
                                   "x-amz-server-side-encryption: aws:kms", NULL};
    const prt_s3_signing request = {
        .method = "PUT", .url = "http://h:80/b/k", .headers = headers, .sha256 = "x", .region = "r", .now = 0};
    const prt_s3_keys keys = {.id = "i", .secret = "s", .token = "t"};
    const char *const *lines = prt_s3_sign(*state, &request, &keys);
    assert_string_equal(lines[2], "Host: h");
    while (lines[1] != NULL)
        lines++;
    assert_non_null(strstr(lines[0], "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token;"
                                     "x-amz-server-side-encryption;x-amz-server-side-encryption-aws-kms-key-id,"));
}

/* ---- XML ---- */

static void
test_xml(void **state)
{
    prt_arena *arena = *state;
    const char *xml =
        "<?xml version=\"1.0\"?>\n<R xmlns=\"x\"><KeyMarker/><Upload><Key>a&amp;b&lt;&#xfc;&#8364;&bad;</Key>"
        "<UploadId>1</UploadId></Upload><Upload ><Key></Key></Upload><Key>outer</Key></R>";
    const char *at = xml, *upload = prt_s3_xml_next(arena, &at, "Upload");
    assert_string_equal(prt_s3_xml_text(arena, upload, "Key"), "a&b<ü€&bad;");
    assert_string_equal(prt_s3_xml_text(arena, upload, "UploadId"), "1");
    upload = prt_s3_xml_next(arena, &at, "Upload");
    assert_string_equal(upload, "<Key></Key>");
    assert_null(prt_s3_xml_next(arena, &at, "Upload"));
    assert_string_equal(prt_s3_xml_next(arena, &xml, "KeyMarker"), "");
    static const char *const broken[] = {"",           "<",   "<Key",   "<Key>",         "<Key>x",
                                         "<Key>x</Ke", "Key", "</Key>", "<Keys>x</Keys>"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        assert_null(prt_s3_xml_text(arena, broken[i], "Key"));
    assert_string_equal(prt_s3_xml_escape(arena, "\"<a&b>\""), "\"&lt;a&amp;b&gt;\"");
}

/* ---- parts ---- */

static void
test_part_sizes(void **state)
{
    (void) state;
    const int64_t largest_object = INT64_C(5) << 40, largest_part = INT64_C(5) << 30;
    int64_t sum = 0;
    int number = 0;
    while (sum < largest_object && number < PRT_S3_MOST_PARTS) {
        int64_t size = prt_s3_part_size(++number);
        assert_true(size >= PRT_S3_PART_BYTES && size <= largest_part);
        sum += size;
    }
    assert_true(sum >= largest_object);
    assert_int_equal(prt_s3_part_size(1000), PRT_S3_PART_BYTES);
}

/* A part in memory and one in a file take the same bytes; no file is left, or seen. */
static void
test_parts(void **state)
{
    (void) state;
    prt_s3_part part;
    prt_error err = {0}, nowhere = {0};
    size_t taken;
    char folder[] = "/tmp/partrun-unit.XXXXXX", read[6] = "";
    assert_non_null(mkdtemp(folder));
    prt_s3_part_init(&part, folder);
    assert_ok(prt_s3_part_begin(&part, 1, &err), &err);
    assert_ok(prt_s3_part_add(&part, "memory", 6, &taken, &err), &err);
    assert_memory_equal(prt_s3_part_body(&part).memory, "memory", 6);
    assert_ok(prt_s3_part_begin(&part, 1001, &err), &err);
    assert_ok(prt_s3_part_add(&part, "fi", 2, &taken, &err), &err);
    assert_ok(prt_s3_part_add(&part, "le", 2, &taken, &err), &err);
    prt_s3_body body = prt_s3_part_body(&part);
    assert_null(body.memory);
    assert_int_equal(body.length, 4);
    assert_int_equal(pread(body.fd, read, 6, 0), 4);
    assert_string_equal(read, "file");
    assert_int_equal(rmdir(folder), 0); /* it is empty */
    prt_s3_part_done(&part);
    assert_false(prt_s3_part_begin(&part, 1001, &nowhere));
    assert_non_null(strstr(nowhere.hint, "TMPDIR"));
    prt_s3_part_done(&part);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_profiles, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_order_of_settings, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_wrong_settings, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_urls, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_signatures, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_order_of_signed_headers, support_arena_setup, support_arena_teardown),
        cmocka_unit_test_setup_teardown(test_xml, support_arena_setup, support_arena_teardown),
        cmocka_unit_test(test_part_sizes),
        cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
