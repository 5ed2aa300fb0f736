/* Compression: round trips in pieces of every size, several frames in a row, the standard tools' reading, damage. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "archive/codec.h"
#include "archive/count.h"
#include "archive/digest.h"
#include "support/support.h"

typedef struct bytes {
    char *data;
    size_t length, capacity;
    size_t read; /* by give */
    size_t most; /* bytes at once */
    unsigned seed;
} bytes;

static bool
collect(void *data, const void *part, size_t length, prt_error *err)
{
    bytes *b = data;
    (void) err;
    if (b->length + length > b->capacity) {
        b->capacity = 2 * (b->length + length);
        b->data = realloc(b->data, b->capacity);
        assert_non_null(b->data);
    }
    if (length > 0)
        memcpy(b->data + b->length, part, length);
    b->length += length;
    return true;
}

static bool
refuse(void *data, const void *part, size_t length, prt_error *err)
{
    (void) data, (void) part, (void) length;
    return prt_fail(err, PRT_ERR_IO, "the disk is full");
}

static size_t
some(bytes *b, size_t left)
{
    size_t n = 1 + (size_t) rand_r(&b->seed) % b->most;
    return n < left ? n : left;
}

/* In pieces of an exact size in memory of its own, so that reading beyond is found out. */
static bool
give(void *data, const char **part, size_t *length, prt_error *err)
{
    bytes *b = data;
    (void) err;
    *length = some(b, b->length - b->read);
    *part = b->data + b->read;
    b->read += *length;
    return true;
}

static void
encode(prt_codec codec, const char *data, size_t length, bytes *pieces, bytes *out)
{
    prt_error err = {0};
    prt_encoder *encoder;
    assert_ok(prt_encoder_new(codec, collect, out, &encoder, &err), &err);
    for (size_t part; length > 0; data += part, length -= part) {
        part = some(pieces, length);
        assert_ok(prt_encoder_write(encoder, data, part, &err), &err);
    }
    assert_ok(prt_encoder_finish(encoder, &err), &err);
    prt_encoder_free(encoder);
}

static bool
decode(prt_codec codec, bytes *in, bytes *out, prt_error *err)
{
    prt_decoder *decoder;
    bool ok = prt_decoder_new(codec, give, in, &decoder, err);
    assert_ok(ok, err);
    for (size_t length = 1; ok && length > 0;) {
        const char *part = NULL;
        ok = prt_decoder_read(decoder, &part, &length, err);
        if (ok)
            collect(out, part, length, err);
    }
    prt_decoder_free(decoder);
    return ok;
}

/* Half text, half noise. */
static char *
content(size_t length, unsigned seed)
{
    char *data = malloc(length + 1);
    assert_non_null(data);
    for (size_t i = 0; i < length; i++)
        data[i] = (i / 4096) % 2 == 0 ? "some words, "[i % 12] : (char) rand_r(&seed);
    return data;
}

static void
returns_what_went_in(void **state)
{
    static const size_t lengths[] = {0, 1, 100, 65536, 3 * 1024 * 1024 + 17, 20 * 1024 * 1024};
    static const size_t pieces[] = {1, 1000, 70000, 3000000};
    (void) state;
    for (int codec = PRT_CODEC_NONE; codec <= PRT_CODEC_ZSTD; codec++)
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
            for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
                if (lengths[i] / pieces[p] > 100000)
                    continue;
                char *data = content(lengths[i], 7);
                bytes split = {.most = pieces[p], .seed = 3}, stored = {.most = pieces[p], .seed = 5}, back = {0};
                prt_error err = {0};
                encode((prt_codec) codec, data, lengths[i], &split, &stored);
                assert_ok(decode((prt_codec) codec, &stored, &back, &err), &err);
                assert_int_equal(back.length, lengths[i]);
                assert_true(lengths[i] == 0 || memcmp(back.data, data, lengths[i]) == 0);
                free(stored.data);
                free(back.data);
                free(data);
            }
}

static void
reads_several_in_a_row(void **state)
{
    (void) state;
    for (int codec = PRT_CODEC_GZIP; codec <= PRT_CODEC_ZSTD; codec++) {
        bytes split = {.most = 9, .seed = 1}, stored = {.most = 7, .seed = 2}, back = {0};
        prt_error err = {0};
        encode((prt_codec) codec, "one ", 4, &split, &stored);
        encode((prt_codec) codec, "", 0, &split, &stored);
        encode((prt_codec) codec, "two", 3, &split, &stored);
        assert_ok(decode((prt_codec) codec, &stored, &back, &err), &err);
        assert_int_equal(back.length, 7);
        assert_memory_equal(back.data, "one two", 7);
        free(stored.data);
        free(back.data);
    }
}

static void
is_what_the_usual_tools_read(void **state)
{
    static const char *const tools[] = {[PRT_CODEC_GZIP] = "gzip -dc", [PRT_CODEC_ZSTD] = "zstd -dcq"};
    (void) state;
    for (int codec = PRT_CODEC_GZIP; codec <= PRT_CODEC_ZSTD; codec++) {
        char path[] = "/tmp/partrun-codec-XXXXXX", command[100], got[16] = "";
        int fd = mkstemp(path);
        assert_true(fd >= 0);
        bytes split = {.most = 4, .seed = 1}, stored = {0};
        encode((prt_codec) codec, "hello, tool", 11, &split, &stored);
        assert_int_equal(write(fd, stored.data, stored.length), stored.length);
        close(fd);
        snprintf(command, sizeof command, "%s < %s", tools[codec], path);
        FILE *tool = popen(command, "r");
        assert_non_null(tool);
        assert_int_equal(fread(got, 1, sizeof got, tool), 11);
        assert_int_equal(pclose(tool), 0);
        assert_string_equal(got, "hello, tool");
        unlink(path);
        free(stored.data);
    }
}

/* Whatever is cut off or changed: an error, or, where the format cannot know, never other bytes than went in. */
static void
finds_damage(void **state)
{
    (void) state;
    char *data = content(20000, 11);
    for (int codec = PRT_CODEC_GZIP; codec <= PRT_CODEC_ZSTD; codec++) {
        bytes split = {.most = 5000, .seed = 1}, stored = {0};
        encode((prt_codec) codec, data, 20000, &split, &stored);
        for (size_t length = 0; length < stored.length; length += 1 + length / 40) {
            bytes cut = {.data = stored.data, .length = length, .most = 4000, .seed = 9}, back = {0};
            prt_error err = {0};
            assert_false(decode((prt_codec) codec, &cut, &back, &err));
            assert_int_equal(err.code, PRT_ERR_VALUE);
            assert_non_null(strstr(err.message, "damaged"));
            free(back.data);
        }
        for (size_t at = 0; at < stored.length; at += 1 + at / 20) {
            bytes bad = {.data = stored.data, .length = stored.length, .most = 4000, .seed = 9}, back = {0};
            prt_error err = {0};
            stored.data[at] ^= 0x55;
            if (decode((prt_codec) codec, &bad, &back, &err)) { /* a file name or time in gzip's header */
                assert_int_equal(back.length, 20000);
                assert_memory_equal(back.data, data, 20000);
            } else
                assert_int_equal(err.code, PRT_ERR_VALUE);
            stored.data[at] ^= 0x55;
            free(back.data);
        }
        bytes back = {0}, junk = {.most = 4000, .seed = 9};
        prt_error err = {0};
        collect(&junk, stored.data, stored.length, &err);
        collect(&junk, "junk behind it, more than a header", 34, &err);
        assert_false(decode((prt_codec) codec, &junk, &back, &err));
        free(junk.data);
        free(back.data);
        free(stored.data);
    }
    free(data);
}

static void
passes_the_sinks_error_on(void **state)
{
    (void) state;
    char *data = content(4 * 1024 * 1024, 2);
    for (int codec = PRT_CODEC_NONE; codec <= PRT_CODEC_ZSTD; codec++) {
        prt_error err = {0};
        prt_encoder *encoder;
        assert_ok(prt_encoder_new((prt_codec) codec, refuse, NULL, &encoder, &err), &err);
        assert_false(prt_encoder_write(encoder, data, 4 * 1024 * 1024, &err) && prt_encoder_finish(encoder, &err));
        assert_string_equal(err.message, "the disk is full");
        prt_encoder_free(encoder);
    }
    free(data);
    prt_codec codec;
    assert_true(prt_codec_parse("zstd", &codec) && codec == PRT_CODEC_ZSTD);
    assert_false(prt_codec_parse("lz4", &codec));
}

static void
knows_its_digest(void **state)
{
    (void) state;
    char hex[PRT_DIGEST_HEX];
    prt_digest *digest = prt_digest_new();
    prt_digest_update(digest, "a", 1);
    prt_digest_update(digest, "bc", 2);
    prt_digest_hex(digest, hex); /* FIPS 180-4's example */
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    prt_digest_hex(digest, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    prt_digest_free(digest);
}

static int64_t
count(const char *data, size_t length, bool binary, size_t piece)
{
    prt_row_counter counter = {.binary = binary};
    for (size_t part; length > 0; data += part, length -= part) {
        part = piece < length ? piece : length;
        prt_row_count(&counter, data, part);
    }
    return prt_row_total(&counter);
}

static void
counts_rows_in_pieces_of_any_size(void **state)
{
#define TEXT(text, rows)                   \
    {                                      \
        text, sizeof text - 1, false, rows \
    }
#define BINARY(text, rows)                                                      \
    {                                                                           \
        "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0" text, sizeof text + 18, true, rows \
    }
    static const struct {
        const char *data;
        size_t length;
        bool binary;
        int64_t rows;
    } cases[] = {
        TEXT("a,b\n", 0),
        TEXT("a,b\n1,2\n3,4\n", 2),
        TEXT("\"a\nb\",c\n\"x\"\"\n\"\"y\",\"\n\"\n\"\",\n", 2),
        TEXT("a\n\n\n", 2),       /* NULLs of one column */
        TEXT("\n\n\n\n", 3),      /* no column at all */
        TEXT("", -1),             /* not even a header */
        TEXT("a,b\n1,2", -1),     /* cut off */
        TEXT("a,b\n1,\"2\n", -1), /* cut off inside quotes */
        BINARY("\377\377", 0),
        BINARY("\0\1\0\0\0\2hi\377\377", 1),
        BINARY("\0\2\0\0\0\3\377\377\377\377\377\377\377\0\2\0\0\0\0\0\0\0\1x\377\377", 2),
        BINARY("\0\0\0\0\0\0\377\377", 3), /* no column at all */
        BINARY("\0\1\0\0\0\2hi", -1),
        BINARY("\0\1\0\0\0\2h", -1),
        BINARY("\377\377x", -1),
        BINARY("", -1),
        {"PGCOPX\n\377\r\n\0\0\0\0\0\0\0\0\0\377\377", 21, true, -1},
    };
    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t piece = 1; piece <= cases[i].length + 1; piece++)
            if (count(cases[i].data, cases[i].length, cases[i].binary, piece) != cases[i].rows)
                fail_msg("case %zu in pieces of %zu: %ld", i, piece,
                         (long) count(cases[i].data, cases[i].length, cases[i].binary, piece));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(returns_what_went_in),
        cmocka_unit_test(reads_several_in_a_row),
        cmocka_unit_test(is_what_the_usual_tools_read),
        cmocka_unit_test(finds_damage),
        cmocka_unit_test(passes_the_sinks_error_on),
        cmocka_unit_test(knows_its_digest),
        cmocka_unit_test(counts_rows_in_pieces_of_any_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
