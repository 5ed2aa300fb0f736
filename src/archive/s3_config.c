#include "archive/s3_config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"

enum { DEFAULT_TIMEOUT = 60, LONGEST_TIMEOUT = 3600 };

/* An empty variable is one that is not set. */
static const char *
get(const prt_s3_env *env, const char *name)
{
    const char *value = env->get != NULL ? env->get(env->data, name) : getenv(name);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

/* The first of these variables that is set. */
static const char *
first_of(prt_arena *arena, const prt_s3_env *env, const char *const *names)
{
    const char *value = NULL;
    for (; value == NULL && *names != NULL; names++)
        value = get(env, *names);
    return prt_arena_strdup(arena, value);
}

/* The profile of the environment's choice, and where it was looked for. */
typedef struct shared {
    prt_s3_profile profile;
    const char *name, *credentials, *config; /* the profile, the files */
    const char *looked;                      /* "...credentials (no such file) and ...config" */
    bool found, named;
} shared;

static const char *
shared_path(prt_arena *arena, const prt_s3_env *env, const char *variable, const char *name)
{
    const char *path = get(env, variable), *home = get(env, "HOME");
    if (path != NULL && strncmp(path, "~/", 2) == 0 && home != NULL)
        return prt_arena_printf(arena, "%s%s", home, path + 1);
    return path != NULL ? prt_arena_strdup(arena, path)
                        : prt_arena_printf(arena, "%s/.aws/%s", home == NULL ? "" : home, name);
}

/* A file that is missing, or that we may not read, says nothing; `looked` says so. */
static void
add_file(prt_arena *arena, shared *s, const char *path, bool config_file)
{
    prt_error ignored = {0};
    char *text;
    size_t length;
    const char *state = "";
    if (access(path, F_OK) != 0)
        state = " (no such file)";
    else if (!prt_file_read(arena, path, &text, &length, &ignored))
        state = " (cannot be read)";
    else if (prt_s3_profile_add(arena, text, config_file, s->name, &s->profile))
        s->found = true;
    s->looked = s->looked == NULL ? prt_arena_printf(arena, "%s%s", path, state)
                                  : prt_arena_printf(arena, "%s and %s%s", s->looked, path, state);
}

static shared
read_shared(prt_arena *arena, const prt_s3_env *env)
{
    shared s = {.name = first_of(arena, env, (const char *const[]) {"AWS_PROFILE", "AWS_DEFAULT_PROFILE", NULL})};
    s.named = s.name != NULL;
    s.name = s.named ? s.name : "default";
    add_file(arena, &s, shared_path(arena, env, "AWS_SHARED_CREDENTIALS_FILE", "credentials"), false);
    add_file(arena, &s, shared_path(arena, env, "AWS_CONFIG_FILE", "config"), true);
    return s;
}

static bool
no_credentials(const shared *s, prt_error *err)
{
    const char *unknown = s->profile.unknown_source;
    if (s->named && !s->found)
        prt_fail(err, PRT_ERR_USAGE, "there is no AWS profile \"%s\"", s->name);
    else
        prt_fail(err, PRT_ERR_USAGE, "there are no credentials for S3");
    if (unknown != NULL)
        return prt_fail_hint(
            err,
            "profile \"%s\" uses %s, which partrun does not support; put the keys into AWS_ACCESS_KEY_ID, "
            "AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN (aws configure export-credentials)",
            s->name, unknown);
    return prt_fail_hint(err,
                         "looked for AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_ROLE_ARN and "
                         "AWS_WEB_IDENTITY_TOKEN_FILE, and profile \"%s\" in %s",
                         s->name, s->looked);
}

static bool
half_a_pair(const char *there, const char *missing, prt_error *err)
{
    return prt_fail(err, PRT_ERR_USAGE, "%s is set, but %s is not", there, missing);
}

/* The first complete source, in the order of the AWS tools. */
static bool
choose_source(prt_arena *arena, const prt_s3_env *env, const shared *s, prt_s3_config *c, prt_error *err)
{
    const char *id = get(env, "AWS_ACCESS_KEY_ID"), *secret = get(env, "AWS_SECRET_ACCESS_KEY");
    const char *role = get(env, "AWS_ROLE_ARN"), *file = get(env, "AWS_WEB_IDENTITY_TOKEN_FILE");
    const char *session = get(env, "AWS_ROLE_SESSION_NAME"), *token = get(env, "AWS_SESSION_TOKEN");
    const prt_s3_profile *p = &s->profile;
    if ((id == NULL) != (secret == NULL))
        return half_a_pair(id != NULL ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                           id != NULL ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID", err);
    if (id == NULL && file != NULL && role == NULL)
        return half_a_pair("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", err);
    if (id == NULL && file == NULL) { /* the profile's turn */
        id = p->key_id;
        secret = p->secret;
        token = p->token;
        if (id == NULL || secret == NULL) {
            id = NULL;
            role = p->role;
            file = p->token_file;
            session = session != NULL ? session : p->session_name;
        }
    }
    if (id == NULL && (role == NULL || file == NULL))
        return no_credentials(s, err);
    c->source = id != NULL ? PRT_S3_KEYS : PRT_S3_WEB_IDENTITY;
    c->key_id = prt_arena_strdup(arena, id);
    c->secret = prt_arena_strdup(arena, secret);
    c->token = prt_arena_strdup(arena, token);
    c->role = prt_arena_strdup(arena, role);
    c->token_file = prt_arena_strdup(arena, file);
    c->session_name = prt_arena_strdup(arena, session != NULL ? session : "partrun");
    return true;
}

static bool
check_region(const char *region, prt_error *err)
{
    size_t good = strspn(region, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
    if (region[good] == '\0')
        return true;
    prt_fail(err, PRT_ERR_USAGE, "\"%s\" is no AWS region", region);
    return prt_fail_hint(err, "set AWS_REGION to one such as eu-central-1");
}

/* A URL of an endpoint without the slashes at its end. It can hold no credentials: it is shown in messages. */
static bool
clean_endpoint(prt_arena *arena, const char **endpoint, prt_error *err)
{
    bool http = strncasecmp(*endpoint, "http://", 7) == 0, https = strncasecmp(*endpoint, "https://", 8) == 0;
    const char *host = *endpoint + (https ? 8 : 7);
    if ((!http && !https) || host[0] == '\0' || host[0] == '/' || strpbrk(host, "?#@ \t\r\n") != NULL) {
        prt_fail(err, PRT_ERR_USAGE, "the endpoint of S3 is no address of a server");
        return prt_fail_hint(err,
                             "AWS_ENDPOINT_URL_S3 and its like begin with https:// and a host's name, without user, "
                             "password or query");
    }
    size_t length = strlen(*endpoint);
    while ((*endpoint)[length - 1] == '/')
        length--;
    *endpoint = prt_arena_strndup(arena, *endpoint, length);
    return true;
}

static bool
read_places(prt_arena *arena, const prt_s3_env *env, const prt_s3_profile *p, prt_s3_config *c, prt_error *err)
{
    static const char *const regions[] = {"AWS_REGION", "AWS_DEFAULT_REGION", NULL};
    static const char *const s3[] = {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", NULL};
    static const char *const sts[] = {"AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL", NULL};
    c->region = first_of(arena, env, regions);
    c->region = c->region != NULL ? c->region : p->region != NULL ? p->region : "us-east-1";
    if (!check_region(c->region, err))
        return false;
    const char *domain = strncmp(c->region, "cn-", 3) == 0 ? "amazonaws.com.cn" : "amazonaws.com";
    const char *own = first_of(arena, env, s3), *own_sts = first_of(arena, env, sts);
    own = own != NULL ? own : p->endpoint;
    own_sts = own_sts != NULL ? own_sts : p->endpoint;
    c->virtual_host = own == NULL;
    c->endpoint = own != NULL ? own : prt_arena_printf(arena, "https://s3.%s.%s", c->region, domain);
    c->sts_endpoint = own_sts != NULL ? own_sts : prt_arena_printf(arena, "https://sts.%s.%s", c->region, domain);
    return clean_endpoint(arena, &c->endpoint, err) && clean_endpoint(arena, &c->sts_endpoint, err);
}

static bool
read_style(const prt_s3_env *env, prt_s3_config *c, prt_error *err)
{
    const char *style = get(env, "PARTRUN_S3_STYLE");
    if (style != NULL && strcmp(style, "path") != 0 && strcmp(style, "virtual") != 0)
        return prt_fail(err, PRT_ERR_USAGE, "PARTRUN_S3_STYLE is \"path\" or \"virtual\", not \"%s\"", style);
    if (style != NULL)
        c->virtual_host = strcmp(style, "virtual") == 0;
    return true;
}

/* It becomes a header: no line breaks. */
static bool
read_encryption(prt_arena *arena, const prt_s3_env *env, prt_s3_config *c, prt_error *err)
{
    c->sse = prt_arena_strdup(arena, get(env, "PARTRUN_S3_SSE"));
    c->sse_key = prt_arena_strdup(arena, get(env, "PARTRUN_S3_SSE_KMS_KEY_ID"));
    if (c->sse != NULL && strcmp(c->sse, "AES256") != 0 && strcmp(c->sse, "aws:kms") != 0)
        return prt_fail(err, PRT_ERR_USAGE, "PARTRUN_S3_SSE is \"AES256\" or \"aws:kms\", not \"%s\"", c->sse);
    if (c->sse_key != NULL && (c->sse == NULL || strcmp(c->sse, "aws:kms") != 0))
        return prt_fail(err, PRT_ERR_USAGE, "PARTRUN_S3_SSE_KMS_KEY_ID needs PARTRUN_S3_SSE=aws:kms");
    if (c->sse_key != NULL && strpbrk(c->sse_key, "\r\n") != NULL)
        return prt_fail(err, PRT_ERR_USAGE, "PARTRUN_S3_SSE_KMS_KEY_ID has a line break");
    return true;
}

static bool
read_timeout(const prt_s3_env *env, prt_s3_config *c, prt_error *err)
{
    const char *text = get(env, "PARTRUN_S3_TIMEOUT");
    char *end = NULL;
    long seconds = text == NULL ? DEFAULT_TIMEOUT : strtol(text, &end, 10);
    if (seconds < 1 || seconds > LONGEST_TIMEOUT || (end != NULL && *end != '\0'))
        return prt_fail(err, PRT_ERR_USAGE, "PARTRUN_S3_TIMEOUT is a number of seconds from 1 to 3600");
    c->timeout = (int) seconds;
    return true;
}

bool
prt_s3_config_read(prt_arena *arena, const prt_s3_env *env, prt_s3_config *out, prt_error *err)
{
    *out = (prt_s3_config) {0};
    shared s = read_shared(arena, env);
    out->ca_bundle = prt_arena_strdup(arena, get(env, "AWS_CA_BUNDLE"));
    out->ca_bundle = out->ca_bundle != NULL ? out->ca_bundle : s.profile.ca_bundle;
    /* Not /tmp: it is often in memory. */
    out->spool = prt_arena_strdup(arena, get(env, "TMPDIR"));
    out->spool = out->spool != NULL ? out->spool : "/var/tmp";
    return choose_source(arena, env, &s, out, err) && read_places(arena, env, &s.profile, out, err) &&
           read_style(env, out, err) && read_encryption(arena, env, out, err) && read_timeout(env, out, err);
}
