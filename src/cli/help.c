#include "cli/help.h"

#include <string.h>

enum { INDENT = 30, WIDTH = 80 };

static void
heading(prt_buf *out, const char *text, bool bold)
{
    prt_buf_fmt(out, "\n%s%s%s\n", bold ? "\x1b[1m" : "", text, bold ? "\x1b[0m" : "");
}

static void
blanks(prt_buf *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        prt_buf_char(out, ' ');
}

/* Words of `text`, wrapped below column `indent`; the cursor stands there already. */
static void
put_wrapped(prt_buf *out, const char *text, size_t indent)
{
    size_t column = indent;
    while (*text != '\0') {
        size_t length = strcspn(text, " ");
        if (column > indent && column + 1 + length > WIDTH) {
            prt_buf_char(out, '\n');
            blanks(out, indent);
            column = indent;
        } else if (column > indent) {
            prt_buf_char(out, ' ');
            column++;
        }
        prt_buf_mem(out, text, length);
        column += length;
        text += length;
        text += strspn(text, " ");
    }
    prt_buf_char(out, '\n');
}

/* One paragraph a line of `text`. */
static void
put_paragraphs(prt_buf *out, const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        put_wrapped(out, prt_arena_strndup(out->arena, text, length), 0);
        text += length + (text[length] == '\n');
    }
}

static void
put_row(prt_buf *out, const char *left, const char *right)
{
    prt_buf_str(out, left);
    size_t length = strlen(left);
    if (length + 2 > INDENT) {
        prt_buf_char(out, '\n');
        length = 0;
    }
    blanks(out, INDENT - length);
    put_wrapped(out, right, INDENT);
}

static void
put_option(prt_buf *out, const prt_option *option)
{
    prt_arena *arena = out->arena;
    const char *left = option->letter == 0 ? prt_arena_printf(arena, "      --%s", option->name)
                                           : prt_arena_printf(arena, "  -%c, --%s", option->letter, option->name);
    if (option->value != NULL)
        left = prt_arena_printf(arena, "%s %s", left, option->value);
    const char *right = option->help;
    if (option->fallback != NULL)
        right = prt_arena_printf(arena, "%s (default: %s)", right, option->fallback);
    if (option->environment != NULL)
        right = prt_arena_printf(arena, "%s [%s]", right, option->environment);
    put_row(out, left, right);
}

static void
put_options(prt_buf *out, unsigned command, bool shared)
{
    for (const prt_option *o = prt_option_table; o->name != NULL; o++)
        if ((o->commands & command) != 0 && (o->commands == PRT_CMD_ANY) == shared)
            put_option(out, o);
}

static bool
has_own_options(unsigned command)
{
    for (const prt_option *o = prt_option_table; o->name != NULL; o++)
        if ((o->commands & command) != 0 && o->commands != PRT_CMD_ANY)
            return true;
    return false;
}

void
prt_help_overview(prt_buf *out, bool bold)
{
    prt_buf_str(out, "partrun keeps partitioned PostgreSQL tables partitioned, by policies in Lua.\n");
    heading(out, "Usage", bold);
    prt_buf_str(out, "  partrun [OPTIONS] COMMAND ...\n"
                     "  partrun [OPTIONS] SCRIPT.lua [ARG...]\n");
    heading(out, "Commands", bold);
    for (const prt_command *c = prt_command_table; c->name != NULL; c++)
        prt_buf_fmt(out, "  %-10s  %s\n", c->name, c->summary);
    heading(out, "Options of every command", bold);
    put_options(out, PRT_CMD_ANY, true);
    prt_buf_char(out, '\n');
    put_paragraphs(out, "POLICY is a Lua file, or a folder of them; without one: PARTRUN_POLICIES, or ./policies.\n"
                        "partrun COMMAND --help tells more. partrun demo shows everything on a server of its own.");
}

void
prt_help_command(prt_buf *out, const prt_command *command, bool bold)
{
    bool script = command->bit == PRT_CMD_SCRIPT;
    prt_buf_fmt(out, "%s\n", command->summary);
    heading(out, "Usage", bold);
    prt_buf_fmt(out, "  partrun [OPTIONS] %s%s%s\n", script ? "" : command->name,
                script || command->operands[0] == '\0' ? "" : " ", command->operands);
    prt_buf_char(out, '\n');
    put_paragraphs(out, command->about);
    if (has_own_options(command->bit)) {
        heading(out, "Options", bold);
        put_options(out, command->bit, false);
    }
    heading(out, "Options of every command", bold);
    put_options(out, command->bit, true);
}
