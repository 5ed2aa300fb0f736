#include "model/archive_address.h"

#include <string.h>

#include "model/ident.h"

static const char file_scheme[] = "file:///", s3_scheme[] = "s3://", schema_scheme[] = "schema:";

static bool
starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static void
put_escaped(prt_buf *out, unsigned char c)
{
    prt_buf_fmt(out, "%%%02X", c);
}

/* One piece of a path, and no other value's. */
static void
put_piece(prt_buf *out, const char *value)
{
    bool dots = value[0] != '\0' && value[strspn(value, ".")] == '\0';
    if (value[0] == '\0')
        prt_buf_char(out, '%');
    for (const char *c = value; *c != '\0'; c++) {
        unsigned char byte = (unsigned char) *c;
        if (byte < 0x20 || byte == 0x7F || byte == '/' || byte == '%' || (dots && c == value))
            put_escaped(out, byte);
        else
            prt_buf_char(out, *c);
    }
}

/* The same in an address that is percent-encoded: RFC 3986, 2.3. */
static void
put_encoded_piece(prt_buf *out, const char *value)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    prt_buf piece;
    prt_buf_init(&piece, out->arena);
    put_piece(&piece, value);
    for (size_t i = 0; i < piece.length; i++) {
        if (strchr(unreserved, piece.data[i]) != NULL)
            prt_buf_char(out, piece.data[i]);
        else
            put_escaped(out, (unsigned char) piece.data[i]);
    }
}

const char *
prt_archive_address_schema(const char *url)
{
    return starts(url, schema_scheme) ? url + strlen(schema_scheme) : NULL;
}

/* The length of a dot at `text`, as it is or (in a file's address) percent-encoded; 0: none. */
static size_t
dot_length(const char *text, bool encoded)
{
    if (*text == '.')
        return 1;
    return encoded && text[0] == '%' && text[1] == '2' && (text[2] == 'E' || text[2] == 'e') ? 3 : 0;
}

/* The same of a slash. */
static size_t
slash_length(const char *text, bool encoded)
{
    if (*text == '/')
        return 1;
    return encoded && text[0] == '%' && text[1] == '2' && (text[2] == 'F' || text[2] == 'f') ? 3 : 0;
}

/* Whether the path has a piece that is . or .., which leads elsewhere. */
static bool
has_dot_piece(const char *path, bool encoded)
{
    for (const char *piece = path;;) {
        const char *end = piece;
        for (int dots = 0; dots < 2 && dot_length(end, encoded) > 0; dots++)
            end += dot_length(end, encoded);
        if (end != piece && (*end == '\0' || slash_length(end, encoded) > 0))
            return true;
        while (*end != '\0' && slash_length(end, encoded) == 0)
            end++;
        if (*end == '\0')
            return false;
        piece = end + slash_length(end, encoded);
    }
}

static bool
check_path(const char *url, const char *path, bool encoded, prt_error *err)
{
    size_t length = strlen(path);
    if (length == 0 || path[length - 1] == '/') {
        prt_fail(err, PRT_ERR_POLICY, "the address %.300s names no object", url);
        return prt_fail_hint(err, "end it with a name, such as {name}.csv.zst");
    }
    return !has_dot_piece(path, encoded) ||
           prt_fail(err, PRT_ERR_POLICY, "the address %.300s has a . or .. in its path", url);
}

/* Addresses are shown, logged and stored: one with a secret in it must not get so far. */
static bool
check_bucket(const char *bucket, prt_error *err)
{
    const char end = bucket[strcspn(bucket, "/:@")];
    if (end != ':' && end != '@')
        return true;
    prt_fail(err, PRT_ERR_POLICY, "the address has a bucket with : or @ in its name");
    return prt_fail_hint(err, "credentials belong in the environment (AWS_ACCESS_KEY_ID, ...), not in addresses");
}

bool
prt_archive_address_check(const char *url, prt_error *err)
{
    const char *schema = prt_archive_address_schema(url);
    for (const char *c = url; *c != '\0'; c++)
        if ((unsigned char) *c < 0x20 || *c == 0x7F)
            return prt_fail(err, PRT_ERR_POLICY, "the address has a control character at position %td", c - url + 1);
    if (schema != NULL)
        return (schema[0] != '\0' && strlen(schema) <= PRT_NAME_BYTES) ||
               prt_fail(err, PRT_ERR_POLICY, "%.300s is no name of a schema", url);
    if (starts(url, file_scheme))
        return check_path(url, url + strlen(file_scheme), true, err);
    if (starts(url, s3_scheme))
        return check_bucket(url + strlen(s3_scheme), err) && check_path(url, url + strlen(s3_scheme), false, err);
    prt_fail(err, PRT_ERR_POLICY, "the address %.300s begins with none of file:///, s3:// and schema:", url);
    return prt_fail_hint(err, "such as file:///archive/{table}/{name}.csv.zst or s3://bucket/{table}/{name}.csv.zst");
}

bool
prt_archive_address_expand(prt_arena *arena, const char *text, const prt_name_input *input, const char **out,
                           prt_error *err)
{
    prt_name_input with = *input;
    with.put_value = starts(text, schema_scheme) ? NULL : starts(text, s3_scheme) ? put_piece : put_encoded_piece;
    return prt_template_expand(arena, text, &with, out, err) && prt_archive_address_check(*out, err);
}
