#include "model/zone.h"

#include <string.h>

#include "model/civil.h"
#include "model/tzrule.h"

/*
 * A zone is one sorted table of changes. The footer's rule is unrolled into it for one Gregorian cycle: 400 years
 * are a whole number of weeks, so every later instant has the clock of one inside the table, and each look-up is a
 * binary search.
 */
enum { DAY = 86400, LARGEST_OFFSET = 26 * 3600 - 1, CYCLE_YEARS = 400, HEADER = 44 };
#define CYCLE_SECONDS (INT64_C(146097) * DAY)
#define FARTHEST (INT64_C(1) << 59) /* RFC 8536, section 3.2: no change lies farther from the epoch than that */

struct prt_zone {
    const char *name;
    size_t count;
    int64_t *times;   /* seconds since the epoch, ascending */
    int32_t *offsets; /* from that time on */
    int32_t before;   /* offset before the first change */
    bool repeats;     /* the last 400 years of the table repeat for ever */
    bool always;      /* ... and before the table, too */
};

const prt_zone *
prt_zone_utc(void)
{
    static const prt_zone utc = {.name = "UTC"};
    return &utc;
}

const char *
prt_zone_name(const prt_zone *zone)
{
    return zone == NULL ? "UTC" : zone->name;
}

/* ---- look-ups ---- */

/* How many cycles `at` lies past (or, negative, before) the part of the table that stands for it. */
static int64_t
cycles_away(const prt_zone *zone, int64_t at)
{
    if (!zone->repeats)
        return 0;
    int64_t last = zone->times[zone->count - 1];
    if (at >= last)
        return (at - last) / CYCLE_SECONDS + 1;
    if (zone->always && at < zone->times[0])
        return -((zone->times[0] - 1 - at) / CYCLE_SECONDS + 1);
    return 0;
}

/* Number of changes at or before `at` (seconds). */
static size_t
changes_until(const prt_zone *zone, int64_t at)
{
    size_t low = 0, high = zone->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->times[middle] <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int32_t
prt_zone_offset(const prt_zone *zone, prt_instant at)
{
    if (zone == NULL || zone->count == 0)
        return zone == NULL ? 0 : zone->before;
    int64_t seconds = prt_floor_div(at, PRT_USEC_PER_SEC);
    size_t n = changes_until(zone, seconds - cycles_away(zone, seconds) * CYCLE_SECONDS);
    return n == 0 ? zone->before : zone->offsets[n - 1];
}

/* The first change after `at`; PRT_POS_MAX when there is none on the axis. */
static prt_instant
next_change(const prt_zone *zone, prt_instant at)
{
    int64_t seconds = prt_floor_div(at, PRT_USEC_PER_SEC), usec;
    int64_t shift = cycles_away(zone, seconds) * CYCLE_SECONDS;
    size_t n = changes_until(zone, seconds - shift);
    if (n == zone->count || __builtin_mul_overflow(zone->times[n] + shift, PRT_USEC_PER_SEC, &usec))
        return PRT_POS_MAX;
    return usec;
}

int64_t
prt_zone_local(const prt_zone *zone, prt_instant at)
{
    return prt_pos_add(at, prt_zone_offset(zone, at) * PRT_USEC_PER_SEC);
}

prt_instant
prt_zone_first(const prt_zone *zone, int64_t local)
{
    if (zone == NULL || local == PRT_POS_MIN || local == PRT_POS_MAX)
        return local;
    /* No clock is so far ahead that it shows `local` before this; then from change to change until one does. */
    prt_instant at = prt_pos_add(local, -(LARGEST_OFFSET + 1) * PRT_USEC_PER_SEC);
    for (;;) {
        prt_instant shows = prt_pos_add(local, -prt_zone_offset(zone, at) * PRT_USEC_PER_SEC);
        prt_instant change = next_change(zone, at);
        if (shows < change || change == PRT_POS_MAX)
            return shows > at ? shows : at;
        at = change;
    }
}

/* ---- reading a file (RFC 8536, section 3) ---- */

typedef struct header {
    char version;
    uint32_t isutc, isstd, leap, time, type, chars;
} header;

typedef struct file {
    const char *p;
    size_t left;
} file;

static uint32_t
big32(const char *bytes)
{
    const unsigned char *b = (const unsigned char *) bytes;
    return (uint32_t) b[0] << 24 | (uint32_t) b[1] << 16 | (uint32_t) b[2] << 8 | b[3];
}

static int64_t
big_signed(const char *bytes, size_t size)
{
    if (size == 4)
        return (int32_t) big32(bytes);
    return (int64_t) ((uint64_t) big32(bytes) << 32 | big32(bytes + 4));
}

static void
skip(file *f, uint64_t size)
{
    f->p += size;
    f->left -= size;
}

static bool
read_header(file *f, header *h, prt_error *err)
{
    if (f->left < HEADER || memcmp(f->p, "TZif", 4) != 0)
        return prt_fail(err, PRT_ERR_VALUE, "it is no TZif file, or is cut short");
    *h = (header) {f->p[4],          big32(f->p + 20), big32(f->p + 24), big32(f->p + 28),
                   big32(f->p + 32), big32(f->p + 36), big32(f->p + 40)};
    if (h->version != '\0' && (h->version < '2' || h->version > '9'))
        return prt_fail(err, PRT_ERR_VALUE, "its TZif version is unknown");
    skip(f, HEADER);
    return true;
}

/* Bytes of the data block behind a header; times are 4 or 8 bytes wide. Counts have 32 bits, so this cannot overflow. */
static uint64_t
block_size(const header *h, size_t width)
{
    return (uint64_t) h->time * (width + 1) + (uint64_t) h->type * 6 + h->chars + (uint64_t) h->leap * (width + 4) +
           h->isstd + h->isutc;
}

static bool
check_header(const file *f, const header *h, size_t width, prt_error *err)
{
    if (block_size(h, width) > f->left)
        return prt_fail(err, PRT_ERR_VALUE, "it is cut short");
    if (h->type == 0 || h->type > 256 || h->chars == 0 || (h->isstd != 0 && h->isstd != h->type) ||
        (h->isutc != 0 && h->isutc != h->type))
        return prt_fail(err, PRT_ERR_VALUE, "its header is inconsistent");
    if (h->leap != 0) {
        prt_fail(err, PRT_ERR_VALUE, "it counts leap seconds, which PostgreSQL does not");
        return prt_fail_hint(err, "use the zone's name without \"right/\"");
    }
    return true;
}

static bool
read_type(const char *bytes, const header *h, int32_t *offset, prt_error *err)
{
    *offset = (int32_t) big32(bytes);
    bool plausible = *offset <= LARGEST_OFFSET && *offset > -25 * 3600;
    if (!plausible || (unsigned char) bytes[4] > 1 || (unsigned char) bytes[5] >= h->chars)
        return prt_fail(err, PRT_ERR_VALUE, "it has an impossible local time type");
    return true;
}

/* The table, with room for `more` changes. */
static bool
read_table(prt_arena *arena, const file *f, const header *h, size_t width, size_t more, prt_zone *zone, prt_error *err)
{
    const char *indexes = f->p + (size_t) h->time * width, *types = indexes + h->time;
    int64_t *times = prt_arena_array(arena, h->time + more, sizeof *times);
    int32_t *offsets = prt_arena_array(arena, h->time + more, sizeof *offsets), known[256];
    for (size_t i = 0; i < h->type; i++)
        if (!read_type(types + i * 6, h, &known[i], err))
            return false;
    for (size_t i = 0; i < h->time; i++) {
        unsigned type = (unsigned char) indexes[i];
        times[i] = big_signed(f->p + i * width, width);
        if (type >= h->type || times[i] < -FARTHEST || times[i] > FARTHEST || (i > 0 && times[i] <= times[i - 1]))
            return prt_fail(err, PRT_ERR_VALUE, "its table of changes is inconsistent");
        offsets[i] = known[type];
    }
    zone->times = times;
    zone->offsets = offsets;
    zone->count = h->time;
    zone->before = known[0];
    return true;
}

/* ---- the footer's rule ---- */

typedef struct change {
    int64_t time;
    int32_t offset;
} change;

/* A cycle, the year before the table's end, two after the cycle's (a change can lie a week outside of its year), and
 * one more to look ahead. */
enum { RULE_YEARS = CYCLE_YEARS + 5, RULE_CHANGES = 2 * RULE_YEARS };

/* Every change of the rule in RULE_YEARS years, in order; of two at one time, the later year's is last. */
static void
unroll(const prt_tzrule *rule, int64_t from_year, change *changes)
{
    for (int i = 0; i < RULE_CHANGES; i++) {
        int64_t year = from_year + i / 2;
        change c = {prt_tzrule_end(rule, year), rule->standard};
        if (i % 2 == 0)
            c = (change) {prt_tzrule_start(rule, year), rule->daylight};
        int at = i;
        for (; at > 0 && changes[at - 1].time > c.time; at--)
            changes[at] = changes[at - 1];
        changes[at] = c;
    }
}

static int64_t
year_of(int64_t seconds)
{
    int64_t year;
    int month, day;
    prt_civil_from_days(prt_floor_div(seconds, DAY), &year, &month, &day);
    return year;
}

/* Appends the rule's changes after the table's last one; the table has room. A file without changes of its own has
 * the rule's clock always. Changes that change nothing are left out: daylight saving all year is `J365/25` to `0/0`. */
static void
append_rule(prt_zone *zone, const prt_tzrule *rule)
{
    change changes[RULE_CHANGES];
    size_t table = zone->count, n = table;
    unroll(rule, (table == 0 ? 1970 : year_of(zone->times[table - 1])) - 1, changes);
    for (int i = 0; i < RULE_CHANGES - 2; i++) {
        const change *c = &changes[i];
        if (c->time == changes[i + 1].time)
            continue;
        if (table > 0 && c->time <= zone->times[table - 1])
            zone->offsets[table - 1] = c->offset;
        else if (n == 0 || zone->offsets[n - 1] != c->offset) {
            zone->times[n] = c->time;
            zone->offsets[n++] = c->offset;
        }
    }
    zone->always = table == 0;
    zone->repeats = n > table + 1;
    zone->count = zone->repeats ? n : table;
    if (!zone->repeats && table == 0)
        zone->before = zone->offsets[0];
}

static bool
apply_footer(prt_zone *zone, const file *f, prt_error *err)
{
    const char *end = f->left < 2 ? NULL : memchr(f->p + 1, '\n', f->left - 1);
    if (end == NULL || f->p[0] != '\n')
        return prt_fail(err, PRT_ERR_VALUE, "its footer is cut short");
    prt_tzrule rule;
    if (end == f->p + 1)
        return true;
    if (!prt_tzrule_parse(f->p + 1, (size_t) (end - f->p) - 1, &rule, err))
        return false;
    if (rule.has_daylight)
        append_rule(zone, &rule);
    else if (zone->count == 0)
        zone->before = rule.standard;
    else
        zone->offsets[zone->count - 1] = rule.standard;
    return true;
}

static bool
read_zone(prt_arena *arena, file *f, prt_zone *zone, prt_error *err)
{
    header h = {0};
    if (!read_header(f, &h, err))
        return false;
    if (h.version == '\0')
        return check_header(f, &h, 4, err) && read_table(arena, f, &h, 4, 0, zone, err);

    /* From version 2 on, a second block with 64-bit times follows the first, and then the footer. */
    if (block_size(&h, 4) > f->left)
        return prt_fail(err, PRT_ERR_VALUE, "it is cut short");
    skip(f, block_size(&h, 4));
    if (!read_header(f, &h, err) || !check_header(f, &h, 8, err) ||
        !read_table(arena, f, &h, 8, RULE_CHANGES, zone, err))
        return false;
    skip(f, block_size(&h, 8));
    return apply_footer(zone, f, err);
}

bool
prt_zone_parse(prt_arena *arena, const char *name, const char *bytes, size_t length, const prt_zone **out,
               prt_error *err)
{
    prt_zone *zone = PRT_NEW(arena, prt_zone);
    zone->name = prt_arena_strdup(arena, name);
    file f = {bytes, length};
    prt_error cause = {0};
    *out = zone;
    if (read_zone(arena, &f, zone, &cause))
        return true;
    prt_fail(err, cause.code, "the file of time zone \"%s\" is not usable: %s", name, cause.message);
    return prt_fail_hint(err, "%s", cause.hint[0] != '\0' ? cause.hint : "install the package tzdata again");
}
