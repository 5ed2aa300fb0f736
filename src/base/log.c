#include "base/log.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/buf.h"
#include "base/utf8.h"

static const char *const level_names[] = {"debug", "info", "warning", "error"};

/* Any text as JSON: what is not UTF-8 must not lose the whole line. */
static json_t *
json_text(prt_arena *arena, const char *text)
{
    char *copy = prt_arena_strdup(arena, text);
    prt_utf8_repair(copy);
    return json_string(copy);
}

static void
put_json(prt_buf *line, prt_level level, const char *message, const prt_field *fields)
{
    struct timespec now;
    struct tm tm;
    char stamp[48];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    size_t n = strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(stamp + n, sizeof stamp - n, ".%03ldZ", now.tv_nsec / 1000000);

    json_t *json = json_object();
    json_object_set_new(json, "time", json_string(stamp));
    json_object_set_new(json, "level", json_string(level_names[level]));
    json_object_set_new(json, "message", json_text(line->arena, message));
    for (const prt_field *f = fields; f != NULL && f->name != NULL; f++)
        if (f->value != NULL)
            json_object_set_new(json, f->name, json_text(line->arena, f->value));
    char *text = json_dumps(json, JSON_COMPACT);
    prt_buf_str(line, text != NULL ? text : "{}");
    free(text);
    json_decref(json);
}

/* Control characters could drive the terminal: a table's name can hold any of them. */
static void
put_plain(prt_buf *line, const char *text)
{
    for (; *text != '\0'; text++)
        if (((unsigned char) *text < ' ' && *text != '\n' && *text != '\t') || *text == 0x7f)
            prt_buf_fmt(line, "\\x%02x", (unsigned char) *text);
        else
            prt_buf_char(line, *text);
}

static void
put_text(prt_buf *line, bool color, prt_level level, const char *message, const prt_field *fields)
{
    static const char *const colors[] = {"\x1b[2m", "", "\x1b[33m", "\x1b[31m"};
    const char *hint = NULL;
    if (level != PRT_INFO)
        prt_buf_fmt(line, "%s%s:%s ", color ? colors[level] : "", level_names[level], color ? "\x1b[0m" : "");
    put_plain(line, message);
    for (const prt_field *f = fields; f != NULL && f->name != NULL; f++)
        if (f->value != NULL && strcmp(f->name, "hint") == 0) {
            hint = f->value;
        } else if (f->value != NULL) {
            prt_buf_fmt(line, "  %s=", f->name);
            put_plain(line, f->value);
        }
    if (hint != NULL) {
        prt_buf_str(line, "\n  hint: ");
        put_plain(line, hint);
    }
}

/* One write a message, so that lines of processes that share a stream do not mix. */
void
prt_log_write(const prt_log *log, prt_level level, const char *message, const prt_field *fields)
{
    if (log == NULL || log->stream == NULL || level < log->level)
        return;
    prt_arena *arena = prt_arena_new();
    prt_buf line;
    prt_buf_init(&line, arena);
    if (log->json)
        put_json(&line, level, message, fields);
    else
        put_text(&line, log->color, level, message, fields);
    prt_buf_char(&line, '\n');
    fwrite(line.data, 1, line.length, log->stream);
    fflush(log->stream);
    prt_arena_free(arena);
}

void
prt_log_fmt(const prt_log *log, prt_level level, const char *format, ...)
{
    char message[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    prt_log_write(log, level, message, NULL);
}

static const char *
non_empty(const char *text)
{
    return text[0] == '\0' ? NULL : text;
}

void
prt_log_error(const prt_log *log, const prt_error *err)
{
    const prt_field fields[] = {{"object", non_empty(err->object)},
                                {"sqlstate", non_empty(err->sqlstate)},
                                {"hint", non_empty(err->hint)},
                                {NULL, NULL}};
    prt_log_write(log, PRT_ERROR, err->message, fields);
}

bool
prt_level_parse(const char *name, prt_level *level)
{
    for (int i = PRT_DEBUG; i <= PRT_ERROR; i++)
        if (strcasecmp(name, level_names[i]) == 0) {
            *level = (prt_level) i;
            return true;
        }
    return false;
}
