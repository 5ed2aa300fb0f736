/* Parsing: GNU style, options anywhere until `--` or a script's name. */
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"

typedef struct parser {
    prt_arena *arena;
    char **argv;
    int argc, next; /* next argument to look at */
    bool literal;   /* after `--` */
    char **words;   /* operands so far, the command among them */
    int words_length;
    const prt_option **given; /* options so far */
    size_t given_length;
    prt_cli_args *out;
    prt_error *err;
} parser;

const prt_command *
prt_command_find(const char *name)
{
    for (const prt_command *c = prt_command_table; c->name != NULL; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

static bool
set_option(parser *p, const prt_option *option, const char *value)
{
    if (option->set(&p->out->options, value, p->err))
        return true;
    return prt_fail_object(p->err, "--%s", option->name);
}

static bool
set_defaults(parser *p)
{
    for (const prt_option *o = prt_option_table; o->name != NULL; o++) {
        const char *value = o->environment == NULL ? NULL : getenv(o->environment);
        if (o->fallback != NULL && !set_option(p, o, o->fallback))
            return false;
        if (value != NULL && value[0] != '\0' && !o->set(&p->out->options, value, p->err))
            return prt_fail_object(p->err, "%s", o->environment);
    }
    return true;
}

static bool
unknown_long(parser *p, const char *name, size_t length)
{
    const char *names[64];
    size_t count = 0;
    for (const prt_option *o = prt_option_table; o->name != NULL; o++)
        names[count++] = o->name;
    const char *given = prt_arena_strndup(p->arena, name, length);
    prt_fail(p->err, PRT_ERR_USAGE, "there is no option --%.60s", given);
    const char *nearest = prt_nearest(names, count, given);
    return nearest == NULL ? prt_fail_hint(p->err, "see partrun --help")
                           : prt_fail_hint(p->err, "did you mean --%s?", nearest);
}

static bool
take_value(parser *p, const prt_option *option, const char *attached)
{
    p->given[p->given_length++] = option;
    if (option->value == NULL)
        return set_option(p, option, NULL);
    if (attached == NULL && p->next < p->argc)
        attached = p->argv[p->next++];
    if (attached == NULL)
        return prt_fail(p->err, PRT_ERR_USAGE, "--%s needs a value: %s", option->name, option->value);
    return set_option(p, option, attached);
}

static bool
parse_long(parser *p, const char *text)
{
    size_t length = strcspn(text, "=");
    for (const prt_option *o = prt_option_table; o->name != NULL; o++) {
        if (strlen(o->name) != length || strncmp(o->name, text, length) != 0)
            continue;
        if (o->value == NULL && text[length] == '=')
            return prt_fail(p->err, PRT_ERR_USAGE, "--%s takes no value", o->name);
        return take_value(p, o, text[length] == '=' ? text + length + 1 : NULL);
    }
    return unknown_long(p, text, length);
}

static const prt_option *
find_letter(char letter)
{
    for (const prt_option *o = prt_option_table; o->name != NULL; o++)
        if (o->letter == letter)
            return o;
    return NULL;
}

/* -v, -vq, -j4, -j 4 */
static bool
parse_short(parser *p, const char *letters)
{
    for (; *letters != '\0'; letters++) {
        const prt_option *option = find_letter(*letters);
        if (option == NULL) {
            prt_fail(p->err, PRT_ERR_USAGE, "there is no option -%c", *letters);
            return prt_fail_hint(p->err, "see partrun --help");
        }
        if (option->value != NULL)
            return take_value(p, option, letters[1] == '\0' ? NULL : letters + 1);
        if (!take_value(p, option, NULL))
            return false;
    }
    return true;
}

static bool
is_script(const char *word)
{
    size_t length = strlen(word);
    return strchr(word, '/') != NULL || (length > 4 && strcmp(word + length - 4, ".lua") == 0);
}

/* The first word chooses the command. A script takes everything after its name for itself. */
static bool
parse_first(parser *p, char *word)
{
    prt_cli_args *out = p->out;
    out->command = prt_command_find(word);
    if (out->command != NULL)
        return true;
    if (strcmp(word, "help") == 0) {
        out->help_command = true;
        return true;
    }
    if (is_script(word)) {
        out->command = &prt_script_command;
        p->words[p->words_length++] = word;
        while (p->next < p->argc)
            p->words[p->words_length++] = p->argv[p->next++];
        return true;
    }
    prt_fail(p->err, PRT_ERR_USAGE, "there is no command '%.60s'", word);
    const char *nearest = prt_nearest_command(word);
    return nearest == NULL ? prt_fail_hint(p->err, "see partrun --help; a script's name ends in .lua or has a /")
                           : prt_fail_hint(p->err, "did you mean %s?", nearest);
}

static bool
parse_one(parser *p)
{
    char *arg = p->argv[p->next++];
    bool is_option = !p->literal && arg[0] == '-' && arg[1] != '\0';
    if (is_option && strcmp(arg, "--") == 0) {
        p->literal = true;
        return true;
    }
    if (is_option)
        return arg[1] == '-' ? parse_long(p, arg + 2) : parse_short(p, arg + 1);
    if (p->out->command == NULL && !p->out->help_command)
        return parse_first(p, arg);
    p->words[p->words_length++] = arg;
    return true;
}

static bool
check_options(const parser *p)
{
    const prt_command *command = p->out->command;
    if (command == NULL || p->out->options.help)
        return true;
    for (size_t i = 0; i < p->given_length; i++)
        if ((p->given[i]->commands & command->bit) == 0) {
            prt_fail(p->err, PRT_ERR_USAGE, "%s takes no option --%s", command->name, p->given[i]->name);
            return prt_fail_hint(p->err, "see partrun %s --help", command->name);
        }
    return true;
}

static bool
check_operands(const parser *p)
{
    const prt_cli_args *out = p->out;
    const prt_command *command = out->command;
    if (command == NULL || out->options.help || out->options.version)
        return true;
    if (out->operands_length < command->least)
        prt_fail(p->err, PRT_ERR_USAGE, "%s needs more arguments: %s", command->name, command->operands);
    else if (command->most >= 0 && out->operands_length > command->most)
        prt_fail(p->err, PRT_ERR_USAGE, "%s takes no such argument", command->name);
    else
        return true;
    return prt_fail_hint(p->err, "see partrun %s --help", command->name);
}

bool
prt_args_parse(prt_arena *arena, int argc, char **argv, prt_cli_args *out, prt_error *err)
{
    memset(out, 0, sizeof *out);
    parser p = {.arena = arena, .argv = argv, .argc = argc, .next = 1, .out = out, .err = err};
    p.words = prt_arena_array(arena, (size_t) argc + 1, sizeof *p.words);
    size_t letters = 1; /* at most one option a character */
    for (int i = 1; i < argc; i++)
        letters += strlen(argv[i]);
    p.given = prt_arena_array(arena, letters, sizeof(const prt_option *));
    if (!set_defaults(&p))
        return false;
    while (p.next < argc)
        if (!parse_one(&p))
            return false;
    out->operands = p.words;
    out->operands_length = p.words_length;
    return check_options(&p) && check_operands(&p);
}
