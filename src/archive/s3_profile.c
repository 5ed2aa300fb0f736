#include "archive/s3_profile.h"

#include <string.h>

static const char blanks[] = " \t\r";

static char *
trim(char *text)
{
    text += strspn(text, blanks);
    size_t length = strlen(text);
    while (length > 0 && strchr(blanks, text[length - 1]) != NULL)
        text[--length] = '\0';
    return text;
}

/* "[profile name]" or "[name]" is about this profile. */
static bool
is_section(char *line, bool config_file, const char *name)
{
    static const char word[] = "profile";
    char *end = strchr(line, ']');
    if (end == NULL)
        return false;
    *end = '\0';
    char *section = trim(line + 1);
    size_t length = strlen(word);
    if (!config_file || strcmp(section, "default") == 0)
        return strcmp(section, name) == 0;
    if (strncmp(section, word, length) != 0 || strchr(blanks, section[length]) == NULL || section[length] == '\0')
        return false;
    return strcmp(trim(section + length), name) == 0;
}

static const char **
field_of(prt_s3_profile *p, const char *key)
{
    const struct {
        const char *key;
        const char **field;
    } fields[] = {{"aws_access_key_id", &p->key_id},
                  {"aws_secret_access_key", &p->secret},
                  {"aws_session_token", &p->token},
                  {"region", &p->region},
                  {"endpoint_url", &p->endpoint},
                  {"ca_bundle", &p->ca_bundle},
                  {"role_arn", &p->role},
                  {"web_identity_token_file", &p->token_file},
                  {"role_session_name", &p->session_name}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strcmp(fields[i].key, key) == 0)
            return fields[i].field;
    return NULL;
}

static void
take_line(prt_arena *arena, char *line, prt_s3_profile *profile)
{
    static const char *const unsupported[] = {"credential_process", "credential_source", "source_profile",
                                              "sso_session",        "sso_start_url",     NULL};
    char *equals = strchr(line, '=');
    if (equals == NULL)
        return;
    *equals = '\0';
    const char *key = trim(line), *value = trim(equals + 1);
    for (int i = 0; unsupported[i] != NULL; i++)
        if (profile->unknown_source == NULL && strcmp(unsupported[i], key) == 0)
            profile->unknown_source = unsupported[i];
    const char **field = field_of(profile, key);
    if (field != NULL && *field == NULL && value[0] != '\0')
        *field = prt_arena_strdup(arena, value);
}

bool
prt_s3_profile_add(prt_arena *arena, const char *text, bool config_file, const char *name, prt_s3_profile *profile)
{
    char *copy = prt_arena_strdup(arena, text), *line;
    bool found = false, inside = false;
    while ((line = strsep(&copy, "\n")) != NULL) {
        /* An indented line belongs to a nested setting ("s3 =\n  addressing_style = path"). */
        if (line[0] == '#' || line[0] == ';' || strchr(blanks, line[0]) != NULL)
            continue;
        if (line[0] == '[') {
            inside = is_section(line, config_file, name);
            found = found || inside;
        } else if (inside) {
            take_line(arena, line, profile);
        }
    }
    return found;
}
