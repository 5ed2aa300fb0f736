/* Any bytes as a bound: an error or a bound, never a crash; and what was read, put together again, reads the same. */
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "model/bound.h"

/* Unlike assert, also there in a build with NDEBUG. */
#define CHECK(condition) ((condition) ? (void) 0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
put_tuple(prt_buf *out, const prt_datum *tuple, size_t length)
{
    for (size_t i = 0; i < length; i++)
        prt_buf_fmt(out, "%s%s", i == 0 ? "(" : ", ", tuple[i].sql);
    prt_buf_char(out, ')');
}

static const char *
rebuild(prt_arena *arena, const prt_bound *bound)
{
    prt_buf out;
    prt_buf_init(&out, arena);
    switch (bound->kind) {
    case PRT_BOUND_DEFAULT:
        return "DEFAULT";
    case PRT_BOUND_HASH:
        prt_buf_fmt(&out, "FOR VALUES WITH (modulus %d, remainder %d)", bound->modulus, bound->remainder);
        break;
    case PRT_BOUND_LIST:
        prt_buf_str(&out, "FOR VALUES IN ");
        put_tuple(&out, bound->values, bound->length);
        break;
    default:
        prt_buf_str(&out, "FOR VALUES FROM ");
        put_tuple(&out, bound->from, bound->length);
        prt_buf_str(&out, " TO ");
        put_tuple(&out, bound->to, bound->length);
    }
    return out.data;
}

static void
same_tuple(const prt_datum *a, const prt_datum *b, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        CHECK(a[i].kind == b[i].kind);
        CHECK((a[i].kind == PRT_DATUM_VALUE) == (a[i].text != NULL));
        CHECK(a[i].text == NULL || strcmp(a[i].text, b[i].text) == 0);
        CHECK(strcmp(a[i].sql, b[i].sql) == 0);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    prt_arena *arena = prt_arena_new();
    prt_error err = {0};
    prt_bound first, again;
    const char *text = prt_arena_strndup(arena, (const char *) data, size);
    if (prt_bound_parse(arena, text, &first, &err)) {
        bool ok = prt_bound_parse(arena, rebuild(arena, &first), &again, &err);
        CHECK(ok && first.kind == again.kind && first.length == again.length);
        if (first.kind == PRT_BOUND_RANGE) {
            same_tuple(first.from, again.from, first.length);
            same_tuple(first.to, again.to, first.length);
        } else if (first.kind == PRT_BOUND_LIST) {
            same_tuple(first.values, again.values, first.length);
        }
    } else {
        CHECK(err.code == PRT_ERR_VALUE && err.message[0] != '\0');
    }
    prt_arena_free(arena);
    return 0;
}
