#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"

/* Fills `out`; what is too long is cut between two characters. */
static PRT_PRINTF(3, 0) void fill(char *out, size_t size, const char *format, va_list args)
{
    if (vsnprintf(out, size, format, args) < (int) size)
        return;
    size_t end = size - 1, start = end < 4 ? 0 : end - 4;
    while (start < end && ((unsigned char) out[start] & 0xc0) == 0x80)
        start++;
    while (start < end && prt_utf8_length(out + start, end - start) > 0)
        start += prt_utf8_length(out + start, end - start);
    out[start] = '\0';
}

bool
prt_fail(prt_error *err, prt_code code, const char *format, ...)
{
    if (err->code != PRT_OK)
        return false;
    err->code = code;
    va_list args;
    va_start(args, format);
    fill(err->message, sizeof err->message, format, args);
    va_end(args);
    return false;
}

bool
prt_fail_hint(prt_error *err, const char *format, ...)
{
    if (err->hint[0] != '\0')
        return false;
    va_list args;
    va_start(args, format);
    fill(err->hint, sizeof err->hint, format, args);
    va_end(args);
    return false;
}

bool
prt_fail_object(prt_error *err, const char *format, ...)
{
    if (err->object[0] != '\0')
        return false;
    va_list args;
    va_start(args, format);
    fill(err->object, sizeof err->object, format, args);
    va_end(args);
    return false;
}

const char *
prt_code_name(prt_code code)
{
    static const char *const names[] = {
        [PRT_OK] = "ok",
        [PRT_ERR_USAGE] = "usage",
        [PRT_ERR_POLICY] = "policy",
        [PRT_ERR_VALUE] = "value",
        [PRT_ERR_CONNECT] = "connect",
        [PRT_ERR_VERSION] = "version",
        [PRT_ERR_SQL] = "sql",
        [PRT_ERR_TIMEOUT] = "timeout",
        [PRT_ERR_LOCKED] = "locked",
        [PRT_ERR_INTERRUPTED] = "interrupted",
        [PRT_ERR_DRIFT] = "drift",
        [PRT_ERR_LUA] = "lua",
        [PRT_ERR_LIMIT] = "limit",
        [PRT_ERR_IO] = "io",
        [PRT_ERR_FAILED] = "failed",
    };
    return names[code];
}
