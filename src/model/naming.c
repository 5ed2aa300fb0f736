#include "model/naming.h"

#include <inttypes.h>
#include <string.h>

#include "base/hash.h"
#include "model/civil.h"
#include "model/ident.h"

enum {
    TABLE_LEAST = 12, /* bytes of a table's name that stay beside a long tenant */
    HASH_DIGITS = 8,  /* of a tenant that has to be shortened */
};

/* How much of its start a whole cell's name shows. */
typedef enum precision { BY_YEAR, BY_QUARTER, BY_MONTH, BY_WEEK, BY_DAY } precision;

typedef struct preset_row {
    const char *name;
    const char *prefix;              /* between the table (and tenant) and what follows */
    const char *formats[BY_DAY + 1]; /* of prt_civil_format */
} preset_row;

static const preset_row presets[] = {
    {"partman", "p", {"%Y%m%d", "%Y%m%d", "%Y%m%d", "%Y%m%d", "%Y%m%d"}},
    {"ppm", "", {"%Y", "%Y_q%q", "%Y_%m", "%G_w%V", "%Y_%m_%d"}},
    {"go_partman", "", {"%Y%m%d", "%Y%m%d", "%Y%m%d", "%Y%m%d", "%Y%m%d"}},
    {"year_month", "", {"y%Y", "y%Yq%q", "y%Ym%m", "y%Gw%V", "y%Ym%md%d"}},
};

static const char exact_date[] = "%Y%m%d"; /* of {from} and {to} in templates */

static const preset_row *
find_preset(const char *text)
{
    if (text == NULL)
        return &presets[0];
    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++)
        if (strcmp(presets[i].name, text) == 0)
            return &presets[i];
    return NULL;
}

/* ---- ends ---- */

static bool
is_calendar(const prt_grid *grid)
{
    return grid->unit == PRT_UNIT_DAY || grid->unit == PRT_UNIT_MONTH;
}

static bool
is_whole_cell(const prt_name_input *input)
{
    prt_pos from = input->range.from.pos, to = input->range.to.pos;
    return from != PRT_POS_MIN && to != PRT_POS_MAX && prt_grid_is_boundary(input->grid, from) &&
           prt_grid_next(input->grid, from) == to;
}

static void
put_id(prt_buf *out, prt_pos id)
{
    if (id < 0)
        prt_buf_fmt(out, "n%" PRIu64, -(uint64_t) id);
    else
        prt_buf_fmt(out, "%" PRId64, id);
}

/* A date and a time of day, a fraction only where there is one. */
static bool
put_time(prt_buf *out, const char *date, int64_t wall, prt_error *err)
{
    if (!prt_civil_format(out, date, wall, err) || !prt_civil_format(out, "_%H%M%S", wall, err))
        return false;
    int64_t usec = wall - prt_floor_div(wall, PRT_USEC_PER_SEC) * PRT_USEC_PER_SEC;
    if (usec != 0)
        prt_buf_fmt(out, "_%06d", (int) usec);
    return true;
}

/*
 * One end so that no other position of the set reads the same: the local date where a local day begins, otherwise date
 * and time in UTC, whose clock never goes back.
 */
static bool
put_exact(prt_buf *out, const prt_name_input *input, prt_pos at, const char *date, prt_error *err)
{
    if (at == PRT_POS_MIN || at == PRT_POS_MAX) {
        prt_buf_str(out, at == PRT_POS_MIN ? "min" : "max");
        return true;
    }
    if (input->grid->unit == PRT_UNIT_ID) {
        put_id(out, at);
        return true;
    }
    if (is_calendar(input->grid)) {
        int64_t day = prt_floor_div(prt_zone_local(input->grid->zone, at), PRT_USEC_PER_DAY) * PRT_USEC_PER_DAY;
        if (prt_zone_first(input->grid->zone, day) == at)
            return prt_civil_format(out, date, day, err);
    }
    return put_time(out, date, at, err);
}

static bool
put_both(prt_buf *out, const prt_name_input *input, const char *date, prt_error *err)
{
    if (!put_exact(out, input, input->range.from.pos, date, err))
        return false;
    prt_buf_str(out, "_to_");
    return put_exact(out, input, input->range.to.pos, date, err);
}

/* ---- presets ---- */

/* The coarsest unit of the calendar that this grid's cells and this cell's start agree with. */
static precision
cell_precision(const prt_grid *grid, int64_t wall)
{
    prt_civil start = prt_civil_from_usec(wall);
    if (grid->unit == PRT_UNIT_DAY) {
        bool on_monday = prt_civil_weekday(prt_floor_div(wall, PRT_USEC_PER_DAY)) == 1;
        return grid->step % 7 == 0 && on_monday ? BY_WEEK : BY_DAY;
    }
    if (start.day != 1)
        return BY_DAY;
    if (grid->step % 12 == 0 && start.month == 1)
        return BY_YEAR;
    return grid->step == 3 && start.month % 3 == 1 ? BY_QUARTER : BY_MONTH;
}

static bool
put_cell(prt_buf *out, const preset_row *preset, const prt_name_input *input, prt_error *err)
{
    prt_pos from = input->range.from.pos;
    int64_t wall = prt_grid_wall(input->grid, from);
    switch (input->grid->unit) {
    case PRT_UNIT_ID:
        put_id(out, from);
        return true;
    case PRT_UNIT_FIXED:
        return put_time(out, preset->formats[BY_DAY], wall, err);
    default:
        return prt_civil_format(out, preset->formats[cell_precision(input->grid, wall)], wall, err);
    }
}

static bool
put_preset(prt_buf *out, const preset_row *preset, const prt_name_input *input, const char *table, prt_error *err)
{
    prt_buf_str(out, table);
    prt_buf_char(out, '_');
    if (input->tenant != NULL) {
        prt_buf_str(out, input->tenant);
        prt_buf_char(out, '_');
    }
    prt_buf_str(out, preset->prefix);
    return is_whole_cell(input) ? put_cell(out, preset, input, err)
                                : put_both(out, input, preset->formats[BY_DAY], err);
}

/* ---- templates ---- */

typedef enum field { LITERAL, SCHEMA, TABLE, TENANT, NAME, FROM, TO, FIELDS } field;

static const char *const field_names[FIELDS] = {NULL, "schema", "table", "tenant", "name", "from", "to"};

typedef struct template_piece {
    field field;
    const char *text; /* a literal; or the format, NULL: none */
    size_t length;    /* of a literal */
} template_piece;

static bool
bad_template(const char *text, const char *at, const char *what, prt_error *err)
{
    prt_fail(err, PRT_ERR_VALUE, "template \"%.200s\": %s at character %td", text, what, at - text + 1);
    return prt_fail_hint(err, "fields are {schema} {table} {tenant} {from} {to} (and {name} in addresses of archives), "
                              "with a format as in {from:%%Y_%%m}; "
                              "{{ and }} stand for braces");
}

static bool
read_field(prt_arena *arena, const char *text, const char **cursor, template_piece *out, prt_error *err)
{
    const char *open = *cursor;
    size_t inside = strcspn(open + 1, "{}");
    if (open[1 + inside] != '}')
        return bad_template(text, open, "a brace is never closed", err);
    size_t name = strcspn(open + 1, ":}");
    for (int i = SCHEMA; i < FIELDS; i++)
        if (strlen(field_names[i]) == name && strncmp(field_names[i], open + 1, name) == 0)
            *out = (template_piece) {.field = (field) i};
    if (out->field == LITERAL)
        return bad_template(text, open, "unknown field", err);
    if (open[1 + name] == ':' && out->field != FROM && out->field != TO)
        return bad_template(text, open + 1 + name, "only {from} and {to} take a format", err);
    if (open[1 + name] == ':')
        out->text = prt_arena_strndup(arena, open + name + 2, inside - name - 1);
    *cursor = open + inside + 2;
    return true;
}

/* The piece at the cursor; the cursor is not at the end. */
static bool
next_piece(prt_arena *arena, const char *text, const char **cursor, template_piece *out, prt_error *err)
{
    const char *p = *cursor;
    *out = (template_piece) {.field = LITERAL, .text = p};
    if (p[0] == '{' && p[1] != '{')
        return read_field(arena, text, cursor, out, err);
    if (p[0] == '}' && p[1] != '}')
        return bad_template(text, p, "a brace closes nothing", err);
    bool doubled = p[0] == '{' || p[0] == '}';
    out->length = doubled ? 1 : strcspn(p, "{}");
    *cursor = p + (doubled ? 2 : out->length);
    return true;
}

static bool
put_formatted(prt_buf *out, const prt_name_input *input, prt_pos at, const char *format, prt_error *err)
{
    if (input->grid->unit == PRT_UNIT_ID) {
        prt_fail(err, PRT_ERR_VALUE, "the template's time format \"%s\" does not fit ids", format);
        return prt_fail_hint(err, "write {from} or {to} without a format");
    }
    if (at == PRT_POS_MIN || at == PRT_POS_MAX)
        return put_exact(out, input, at, exact_date, err);
    return prt_civil_format(out, format, prt_grid_wall(input->grid, at), err);
}

static void
put_value(prt_buf *out, const prt_name_input *input, const char *value)
{
    if (input->put_value != NULL)
        input->put_value(out, value);
    else
        prt_buf_str(out, value);
}

static bool
put_piece(prt_buf *out, const template_piece *piece, const prt_name_input *input, const char *table, prt_error *err)
{
    const prt_range *range = &input->range;
    prt_pos at = piece->field == TO ? range->to.pos : range->from.pos;
    switch (piece->field) {
    case LITERAL:
        prt_buf_mem(out, piece->text, piece->length);
        return true;
    case SCHEMA:
        put_value(out, input, input->schema);
        return true;
    case TABLE:
        put_value(out, input, table);
        return true;
    case NAME:
        put_value(out, input, input->name);
        return true;
    case TENANT:
        if (input->tenant == NULL)
            return prt_fail(err, PRT_ERR_VALUE, "the template has {tenant}, but %s has none of its own", input->table);
        put_value(out, input, input->tenant);
        return true;
    default:
        return piece->text == NULL ? put_exact(out, input, at, exact_date, err)
                                   : put_formatted(out, input, at, piece->text, err);
    }
}

/* `exact` gets a bit (1 << field) for each end that the template shows exactly. */
static bool
put_template(prt_buf *out, const char *text, const prt_name_input *input, const char *table, unsigned *exact,
             prt_error *err)
{
    *exact = 0;
    for (const char *p = text; *p != '\0';) {
        template_piece piece;
        const char *at = p;
        if (!next_piece(out->arena, text, &p, &piece, err))
            return false;
        if (piece.field == NAME && input->name == NULL)
            return bad_template(text, at, "unknown field", err);
        if (!put_piece(out, &piece, input, table, err))
            return false;
        if ((piece.field == FROM || piece.field == TO) && piece.text == NULL)
            *exact |= 1U << piece.field;
    }
    return true;
}

bool
prt_template_expand(prt_arena *arena, const char *text, const prt_name_input *input, const char **out, prt_error *err)
{
    prt_buf buf;
    unsigned exact;
    prt_buf_init(&buf, arena);
    if (!put_template(&buf, text, input, input->table, &exact, err))
        return false;
    *out = buf.data;
    return true;
}

static bool
check_pieces(prt_arena *arena, const char *text, prt_error *err)
{
    prt_buf scratch;
    prt_buf_init(&scratch, arena);
    bool has_end = false;
    for (const char *p = text; *p != '\0';) {
        const char *at = p;
        template_piece piece;
        prt_error cause = {0};
        if (!next_piece(arena, text, &p, &piece, err))
            return false;
        if (piece.field == NAME) /* it is what is being made */
            return bad_template(text, at, "unknown field", err);
        bool has_format = piece.field != LITERAL && piece.text != NULL;
        if (has_format && piece.text[0] == '\0')
            return bad_template(text, at, "the format is empty", err);
        if (has_format && !prt_civil_format(&scratch, piece.text, 0, &cause)) {
            bad_template(text, at, cause.message, err);
            return false;
        }
        has_end |= piece.field == FROM || piece.field == TO;
    }
    return has_end || prt_fail(err, PRT_ERR_VALUE,
                               "template \"%.200s\" has neither {from} nor {to}: every partition "
                               "would get the same name",
                               text);
}

bool
prt_naming_check(const char *text, prt_error *err)
{
    if (find_preset(text) != NULL)
        return true;
    if (strpbrk(text, "{}") == NULL) {
        prt_fail(err, PRT_ERR_VALUE, "unknown naming preset \"%.200s\"", text);
        return prt_fail_hint(err, "presets are partman, ppm, go_partman and year_month; a template has fields such as "
                                  "{table}_{from:%%Y_%%m}");
    }
    prt_arena *arena = prt_arena_new();
    bool ok = check_pieces(arena, text, err);
    prt_arena_free(arena);
    return ok;
}

/* ---- names ---- */

/* What a template's name of a segment lacks: the ends that it does not show exactly. */
static bool
put_missing_ends(prt_buf *out, const prt_name_input *input, unsigned exact, prt_error *err)
{
    bool has_from = exact & 1U << FROM, has_to = exact & 1U << TO;
    if (has_from && has_to)
        return true;
    prt_buf_str(out, has_from ? "_to_" : has_to ? "_from_" : "_");
    if (!has_from && !has_to)
        return put_both(out, input, exact_date, err);
    return put_exact(out, input, has_from ? input->range.to.pos : input->range.from.pos, exact_date, err);
}

static bool
put_name(prt_buf *out, const char *text, const prt_name_input *input, const char *table, prt_error *err)
{
    const preset_row *preset = find_preset(text);
    if (preset != NULL)
        return put_preset(out, preset, input, table, err);
    unsigned exact;
    if (!put_template(out, text, input, table, &exact, err))
        return false;
    return is_whole_cell(input) || put_missing_ends(out, input, exact, err);
}

static bool
too_long(const char *name, prt_error *err)
{
    prt_fail(err, PRT_ERR_VALUE, "partition name \"%.300s\" has %zu bytes, and PostgreSQL allows %d", name,
             strlen(name), PRT_NAME_BYTES);
    return prt_fail_hint(err, "choose a shorter `naming`");
}

/* The name with as much of the table's as fits; `full` is the name with all of it. NULL: not even `least` bytes of it. */
static bool
shorten_table(prt_arena *arena, const char *text, const prt_name_input *input, const char *full, size_t least,
              const char **name, prt_error *err)
{
    prt_buf bare, cut;
    prt_buf_init(&bare, arena);
    prt_buf_init(&cut, arena);
    *name = NULL;
    if (!put_name(&bare, text, input, "", err))
        return false;
    size_t table = strlen(input->table), times = table == 0 ? 0 : (strlen(full) - bare.length) / table;
    size_t room = times == 0 || bare.length >= PRT_NAME_BYTES ? 0 : (PRT_NAME_BYTES - bare.length) / times;
    size_t kept = prt_utf8_cut(input->table, room);
    if (kept < least)
        return true;
    if (!put_name(&cut, text, input, prt_arena_strndup(arena, input->table, kept), err))
        return false;
    *name = cut.data;
    return true;
}

static size_t
least_of(const char *table)
{
    size_t length = strlen(table);
    return length > TABLE_LEAST ? prt_utf8_cut(table, TABLE_LEAST) : length;
}

/* How many bytes of a tenant's name there is room for, with something left for the table's. */
static bool
tenant_room(prt_arena *arena, const char *text, const prt_name_input *input, size_t *room, prt_error *err)
{
    prt_buf none, tenant, table;
    prt_name_input without = *input;
    without.tenant = "";
    prt_buf_init(&none, arena);
    prt_buf_init(&tenant, arena);
    prt_buf_init(&table, arena);
    if (!put_name(&none, text, &without, "", err) || !put_name(&tenant, text, input, "", err) ||
        !put_name(&table, text, &without, "t", err))
        return false;
    size_t times = (tenant.length - none.length) / strlen(input->tenant);
    size_t used = none.length + (table.length - none.length) * least_of(input->table);
    *room = times == 0 || used >= PRT_NAME_BYTES ? 0 : (PRT_NAME_BYTES - used) / times;
    return true;
}

/* A tenant whose whole name does not fit is shown by its beginning and a hash of all of it: two that begin alike keep
 * names of their own, and which other tenants there are does not matter. */
static bool
shorten_tenant(prt_arena *arena, const char *text, const prt_name_input *input, const char **name, prt_error *err)
{
    size_t room;
    prt_name_input shorter = *input;
    prt_buf full;
    *name = NULL;
    if (!tenant_room(arena, text, input, &room, err))
        return false;
    if (room < HASH_DIGITS + 1 || room >= strlen(input->tenant))
        return true;
    uint64_t hash = prt_hash_str(PRT_HASH_INIT, input->tenant);
    size_t kept = prt_utf8_cut(input->tenant, room - HASH_DIGITS - 1);
    shorter.tenant = prt_arena_printf(arena, "%.*s_%0*" PRIx32, (int) kept, input->tenant, HASH_DIGITS,
                                      (uint32_t) (hash ^ hash >> 32));
    prt_buf_init(&full, arena);
    if (!put_name(&full, text, &shorter, input->table, err))
        return false;
    if (full.length > PRT_NAME_BYTES)
        return shorten_table(arena, text, &shorter, full.data, 1, name, err);
    *name = full.data;
    return true;
}

/* The beginning of the table's name is what tells two tables of the same tenants apart. */
static bool
shorten(prt_arena *arena, const char *text, const prt_name_input *input, const char *full, const char **name,
        prt_error *err)
{
    bool has_tenant = input->tenant != NULL && input->tenant[0] != '\0';
    if (!shorten_table(arena, text, input, full, has_tenant ? least_of(input->table) : 1, name, err))
        return false;
    if (*name == NULL && has_tenant &&
        (!shorten_tenant(arena, text, input, name, err) ||
         (*name == NULL && !shorten_table(arena, text, input, full, 1, name, err))))
        return false;
    return *name != NULL || too_long(full, err);
}

static bool
make_by_function(prt_arena *arena, const prt_naming *naming, const prt_name_input *input, const char **name,
                 prt_error *err)
{
    if (!naming->make(naming->data, arena, input, name, err))
        return false;
    if (*name == NULL || (*name)[0] == '\0')
        return prt_fail(err, PRT_ERR_VALUE, "the policy's naming function returned no name");
    return strlen(*name) <= PRT_NAME_BYTES || too_long(*name, err);
}

bool
prt_naming_make(prt_arena *arena, const prt_naming *naming, const prt_name_input *input, const char **name,
                prt_error *err)
{
    if (naming->make != NULL)
        return make_by_function(arena, naming, input, name, err);
    if (!prt_naming_check(naming->text, err))
        return false;
    prt_buf full;
    prt_buf_init(&full, arena);
    if (!put_name(&full, naming->text, input, input->table, err))
        return false;
    if (full.length > PRT_NAME_BYTES)
        return shorten(arena, naming->text, input, full.data, name, err);
    *name = full.data;
    return true;
}

bool
prt_naming_branch(prt_arena *arena, const char *table, const char *tenant, const char **name, prt_error *err)
{
    /* No range is shown: any cell will do. */
    static const char text[] = "{table}_{tenant}";
    static const prt_key key = {.kind = PRT_KEY_ID};
    static const prt_grid grid = {.unit = PRT_UNIT_ID, .step = 1};
    const prt_name_input input = {.table = table,
                                  .tenant = tenant,
                                  .key = &key,
                                  .grid = &grid,
                                  .range = {.from = {.pos = 0, .sql = "0"}, .to = {.pos = 1, .sql = "1"}}};
    prt_buf full;
    prt_buf_init(&full, arena);
    if (!put_name(&full, text, &input, table, err))
        return false;
    *name = full.data;
    return full.length <= PRT_NAME_BYTES || shorten(arena, text, &input, full.data, name, err);
}
