#include <string.h>

#include "archive/s3_http.h"
#include "archive/s3_keys.h"
#include "archive/s3_xml.h"
#include "base/utf8.h"

static bool
is_one_of(const char *text, const char *const *list)
{
    for (; text != NULL && *list != NULL; list++)
        if (strcmp(text, *list) == 0)
            return true;
    return false;
}

/* Failures of the way there and back, not of what was asked or of a setting. */
static bool
is_passing_curl(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_SEND_FAIL_REWIND:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
        return true;
    default:
        return false;
    }
}

static bool
is_passing_status(long status)
{
    return status == 500 || status == 502 || status == 503 || status == 504 || status == 429;
}

/* A digest that does not match is a body that was damaged on its way. */
static bool
is_passing_code(const char *code)
{
    static const char *const passing[] = {"InternalError",
                                          "SlowDown",
                                          "ServiceUnavailable",
                                          "RequestTimeout",
                                          "RequestTimeoutException",
                                          "Throttling",
                                          "ThrottlingException",
                                          "OperationAborted",
                                          "ConditionalRequestConflict",
                                          "XAmzContentSHA256Mismatch",
                                          "BadDigest",
                                          "IncompleteBody",
                                          "IDPCommunicationError",
                                          NULL};
    return is_one_of(code, passing);
}

/* One line without control characters, not too long: it goes into a message. */
static const char *
tame(prt_arena *arena, const char *text)
{
    enum { LONGEST = 300 };
    if (text == NULL)
        return NULL;
    char *copy = prt_arena_strndup(arena, text, strnlen(text, LONGEST));
    prt_utf8_repair(copy);
    for (char *c = copy; *c != '\0'; c++)
        if ((unsigned char) *c < ' ' || *c == 0x7f)
            *c = ' ';
    size_t length = strlen(copy);
    while (length > 0 && strchr(" .", copy[length - 1]) != NULL)
        copy[--length] = '\0';
    return copy;
}

static void
read_error(prt_s3_answer *answer)
{
    prt_arena *arena = answer->body.arena;
    if (answer->body.length == 0)
        return;
    const char *at = answer->body.data, *error = prt_s3_xml_next(arena, &at, "Error");
    if (error == NULL)
        return;
    answer->code = tame(arena, prt_s3_xml_text(arena, error, "Code"));
    answer->message = tame(arena, prt_s3_xml_text(arena, error, "Message"));
    const char *region = tame(arena, prt_s3_xml_text(arena, error, "Region"));
    if (answer->region == NULL && region != NULL && region[0] != '\0')
        answer->region = region;
}

static bool
is_expected(const prt_s3_call *call, long status)
{
    for (size_t i = 0; i < sizeof call->also / sizeof call->also[0] && call->also[i] != 0; i++)
        if (call->also[i] == status)
            return true;
    return false;
}

prt_s3_verdict
prt_s3_judge(const prt_s3_call *call, prt_s3_answer *answer)
{
    static const char *const ended[] = {"ExpiredToken", "ExpiredTokenException", "InvalidToken", "TokenRefreshRequired",
                                        NULL};
    if (answer->curl != CURLE_OK)
        return is_passing_curl(answer->curl) ? PRT_S3_AGAIN : PRT_S3_REFUSED;
    bool fine = answer->status / 100 == 2;
    if (!fine || call->late_error)
        read_error(answer);
    if (fine && call->late_error && answer->code != NULL)
        return is_passing_code(answer->code) ? PRT_S3_AGAIN : PRT_S3_REFUSED;
    /* Of what may answer late, an empty body is no confirmation: the connection ended first. */
    if (fine && call->late_error && answer->body.length == 0)
        return PRT_S3_AGAIN;
    if (fine || is_expected(call, answer->status))
        return PRT_S3_DONE;
    if (is_one_of(answer->code, ended) && call->keyring != NULL && prt_s3_keyring_expire(call->keyring))
        return PRT_S3_AGAIN;
    return is_passing_status(answer->status) || is_passing_code(answer->code) ? PRT_S3_AGAIN : PRT_S3_REFUSED;
}

/* ---- words ---- */

static const struct {
    const char *code, *hint;
} hints[] = {
    {"InvalidAccessKeyId", "that server does not know the access key: check AWS_ACCESS_KEY_ID or the profile, and that "
                           "AWS_ENDPOINT_URL_S3 is the server that it is for"},
    {"SignatureDoesNotMatch",
     "the secret key does not belong to the access key: check AWS_SECRET_ACCESS_KEY or the profile"},
    {"RequestTimeTooSkewed", "this machine's clock is wrong: set it (chronyc tracking, timedatectl)"},
    {"RequestExpired", "this machine's clock is wrong: set it (chronyc tracking, timedatectl)"},
    {"NoSuchBucket", "make the bucket, or check its name in the address"},
    {"ExpiredToken", "the session's credentials have ended: get new ones"},
    {"InvalidToken", "the session's token is not valid: get new credentials, or remove AWS_SESSION_TOKEN"},
    {"NoSuchUpload", "the upload was removed by another run, or by a rule of the bucket"},
    {"EntityTooLarge", "the object is larger than that server takes"},
    {"QuotaExceeded", "the quota of the bucket or of its owner is used up"},
    {"ServerSideEncryptionConfigurationNotFoundError", "check PARTRUN_S3_SSE and PARTRUN_S3_SSE_KMS_KEY_ID"},
    {"KMS.NotFoundException", "check PARTRUN_S3_SSE_KMS_KEY_ID"},
    {"KMS.DisabledException", "check PARTRUN_S3_SSE_KMS_KEY_ID"},
};

static bool
hint_curl(const prt_s3_answer *answer, prt_error *err)
{
    switch (answer->curl) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return prt_fail_hint(err, "the server's certificate is not trusted: AWS_CA_BUNDLE names a file of certificates "
                                  "that are");
    default:
        return prt_fail_hint(err, "check AWS_ENDPOINT_URL_S3 and AWS_REGION, and that the server can be reached from "
                                  "this machine");
    }
}

static bool
hint_status(const prt_s3_call *call, const prt_s3_answer *answer, prt_error *err)
{
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
        if (answer->code != NULL && strcmp(answer->code, hints[i].code) == 0)
            return prt_fail_hint(err, "%s", hints[i].hint);
    if (answer->region != NULL && (answer->status == 301 || answer->status == 307 || answer->status == 400))
        return prt_fail_hint(err, "the bucket is in the region %s: set AWS_REGION", answer->region);
    if (answer->status == 301 || answer->status == 307)
        return prt_fail_hint(err, "the bucket is elsewhere: check AWS_REGION and AWS_ENDPOINT_URL_S3");
    if (answer->status == 403 && strcmp(call->method, "HEAD") == 0) /* it has no body that says more */
        return prt_fail_hint(err, "check the keys and this machine's clock, and that they allow %s and s3:ListBucket",
                             call->permission);
    if (answer->status == 403)
        return prt_fail_hint(err, "the credentials have to be that server's, and to allow %s", call->permission);
    return false;
}

bool
prt_s3_explain(const prt_s3_call *call, const prt_s3_answer *answer, int attempts, prt_error *err)
{
    char tries[32] = "";
    if (attempts > 1)
        snprintf(tries, sizeof tries, ", tried %d times", attempts);
    prt_fail_object(err, "%s", call->object);
    if (answer->curl != CURLE_OK) {
        prt_fail(err, PRT_ERR_IO, "cannot %s %s: %s%s", call->doing, call->object,
                 answer->why[0] != '\0' ? answer->why : curl_easy_strerror(answer->curl), tries);
        return hint_curl(answer, err);
    }
    const char *code = answer->code, *message = answer->message;
    const char *colon = code != NULL && message != NULL && message[0] != '\0' ? ": " : "";
    prt_fail(err, PRT_ERR_FAILED, "cannot %s %s: %s%s%s (status %ld%s)", call->doing, call->object,
             code != NULL            ? code
             : answer->status == 403 ? "access denied"
                                     : "refused",
             colon, colon[0] != '\0' ? message : "", answer->status, tries);
    return hint_status(call, answer, err);
}
