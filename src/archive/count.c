#include "archive/count.h"

#include <string.h>

static int64_t
newlines(const char *bytes, size_t length)
{
    int64_t n = 0;
    for (size_t i = 0; i < length; i++) /* the compiler makes vectors of it */
        n += bytes[i] == '\n';
    return n;
}

/* A quote inside quotes is doubled: it leaves and enters again. So only the quotes matter, and newlines outside them. */
static void
count_csv(prt_row_counter *c, const char *bytes, size_t length)
{
    if (length > 0)
        c->midway = true;
    for (const char *end = bytes + length; bytes < end;) {
        const char *quote = memchr(bytes, '"', (size_t) (end - bytes));
        const char *stop = quote != NULL ? quote : end;
        if (!c->quoted)
            c->rows += newlines(bytes, (size_t) (stop - bytes));
        if (quote == NULL) {
            c->midway = c->quoted || end[-1] != '\n';
            return;
        }
        c->quoted = !c->quoted;
        bytes = quote + 1;
    }
}

static uint32_t
number(const unsigned char *bytes, size_t length)
{
    uint32_t value = 0;
    for (size_t i = 0; i < length; i++)
        value = value << 8 | bytes[i];
    return value;
}

/* A whole word has come: what it says about what follows. PostgreSQL manual: COPY, Binary Format. */
static void
count_word(prt_row_counter *c)
{
    static const char signature[] = "PGCOPY\n\377\r\n"; /* its NUL belongs to it */
    uint32_t value;
    c->have = 0;
    switch (c->state) {
    case PRT_COUNT_HEADER:
        c->broken = memcmp(c->word, signature, sizeof signature) != 0;
        c->skip = number(c->word + PRT_COPY_HEADER - 4, 4);
        c->state = PRT_COUNT_TUPLE;
        break;
    case PRT_COUNT_TUPLE:
        value = number(c->word, 2);
        if (value == 0xffff) {
            c->state = PRT_COUNT_END;
            break;
        }
        c->rows++;
        c->fields = (int) value;
        c->state = value > 0 ? PRT_COUNT_FIELD : PRT_COUNT_TUPLE;
        break;
    case PRT_COUNT_FIELD:
        value = number(c->word, 4);
        c->skip = value == UINT32_MAX ? 0 : value; /* NULL */
        if (--c->fields == 0)
            c->state = PRT_COUNT_TUPLE;
        break;
    case PRT_COUNT_END:
        break;
    }
}

static void
count_binary(prt_row_counter *c, const char *bytes, size_t length)
{
    static const size_t sizes[] = {
        [PRT_COUNT_HEADER] = PRT_COPY_HEADER, [PRT_COUNT_TUPLE] = 2, [PRT_COUNT_FIELD] = 4, [PRT_COUNT_END] = 1};
    while (length > 0 && !c->broken) {
        size_t part = c->skip < length ? (size_t) c->skip : length;
        c->skip -= part;
        bytes += part;
        length -= part;
        size_t want = sizes[c->state] - c->have;
        part = length < want ? length : want;
        if (part == 0)
            continue;
        if (c->state == PRT_COUNT_END) {
            c->broken = true; /* something follows the end */
            return;
        }
        memcpy(c->word + c->have, bytes, part);
        c->have += part;
        bytes += part;
        length -= part;
        if (part == want)
            count_word(c);
    }
}

void
prt_row_count(prt_row_counter *counter, const char *bytes, size_t length)
{
    if (counter->binary)
        count_binary(counter, bytes, length);
    else
        count_csv(counter, bytes, length);
}

int64_t
prt_row_total(const prt_row_counter *c)
{
    if (c->binary)
        return c->broken || c->state != PRT_COUNT_END ? -1 : c->rows;
    return c->quoted || c->midway || c->rows == 0 ? -1 : c->rows - 1;
}
