#include "base/log.h"

#include <jansson.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const char *const level_names[] = {"debug", "info", "warning", "error"};

static void
write_json(const prt_log *log, prt_level level, const char *message, const prt_field *fields)
{
    struct timespec now;
    struct tm tm;
    char stamp[48];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    size_t n = strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(stamp + n, sizeof stamp - n, ".%03ldZ", now.tv_nsec / 1000000);

    json_t *line = json_pack("{s:s, s:s, s:s}", "time", stamp, "level", level_names[level], "message", message);
    for (const prt_field *f = fields; line != NULL && f != NULL && f->name != NULL; f++)
        if (f->value != NULL)
            json_object_set_new(line, f->name, json_string(f->value));
    if (line != NULL)
        json_dumpf(line, log->stream, JSON_COMPACT);
    fputc('\n', log->stream);
    json_decref(line);
}

static void
write_text(const prt_log *log, prt_level level, const char *message, const prt_field *fields)
{
    static const char *const colors[] = {"\x1b[2m", "", "\x1b[33m", "\x1b[31m"};
    if (level != PRT_INFO)
        fprintf(log->stream, "%s%s:%s ", log->color ? colors[level] : "", level_names[level],
                log->color ? "\x1b[0m" : "");
    fputs(message, log->stream);
    for (const prt_field *f = fields; f != NULL && f->name != NULL; f++)
        if (f->value != NULL && strcmp(f->name, "hint") != 0)
            fprintf(log->stream, "  %s=%s", f->name, f->value);
    fputc('\n', log->stream);
    for (const prt_field *f = fields; f != NULL && f->name != NULL; f++)
        if (f->value != NULL && strcmp(f->name, "hint") == 0)
            fprintf(log->stream, "  hint: %s\n", f->value);
}

void
prt_log_write(const prt_log *log, prt_level level, const char *message, const prt_field *fields)
{
    if (log == NULL || log->stream == NULL || level < log->level)
        return;
    (log->json ? write_json : write_text)(log, level, message, fields);
    fflush(log->stream);
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
