#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

bool
prt_fail(prt_error *err, prt_code code, const char *format, ...)
{
    if (err->code != PRT_OK)
        return false;
    err->code = code;
    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
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
    vsnprintf(err->hint, sizeof err->hint, format, args);
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
    vsnprintf(err->object, sizeof err->object, format, args);
    va_end(args);
    return false;
}

const char *
prt_code_name(prt_code code)
{
    static const char *const names[] = {
        [PRT_OK] = "ok",           [PRT_ERR_USAGE] = "usage",
        [PRT_ERR_POLICY] = "policy", [PRT_ERR_VALUE] = "value",
        [PRT_ERR_CONNECT] = "connect", [PRT_ERR_VERSION] = "version",
        [PRT_ERR_SQL] = "sql",     [PRT_ERR_TIMEOUT] = "timeout",
        [PRT_ERR_LOCKED] = "locked", [PRT_ERR_INTERRUPTED] = "interrupted",
        [PRT_ERR_DRIFT] = "drift", [PRT_ERR_LUA] = "lua",
        [PRT_ERR_LIMIT] = "limit", [PRT_ERR_IO] = "io",
        [PRT_ERR_FAILED] = "failed",
    };
    return names[code];
}
