/*
 * Partition keys: how a bound's value maps to a position on the key's axis and back.
 *
 * kind         column type                 axis
 * DATE         date                        wall clock, resolution one day
 * TIMESTAMP    timestamp                   wall clock
 * TIMESTAMPTZ  timestamptz                 instants
 * UUID7        uuid                        instants, ms: the first 48 bits (RFC 9562); bits after them are zero in new bounds
 * ID           smallint integer bigint     the integer
 * EPOCH        integer bigint              instants, as seconds, ms, us or ns since the Unix epoch
 * SNOWFLAKE    bigint                      instants, ms: (value >> shift) + epoch
 * TEXT         text varchar                instants, through the policy's encode and decode
 *
 * `date` and `timestamp` columns have no zone: their values are read as the wall clock of the policy's timezone,
 * so their axis has no clock changes and "now" is that wall clock (prt_key_now).
 */
#ifndef PRT_MODEL_KEY_H
#define PRT_MODEL_KEY_H

#include "model/bound.h"
#include "model/instant.h"
#include "model/zone.h"

typedef enum prt_key_kind {
    PRT_KEY_DATE,
    PRT_KEY_TIMESTAMP,
    PRT_KEY_TIMESTAMPTZ,
    PRT_KEY_UUID7,
    PRT_KEY_ID,
    PRT_KEY_EPOCH,
    PRT_KEY_SNOWFLAKE,
    PRT_KEY_TEXT,
} prt_key_kind;

/* What a policy says about its key (`key = {...}`); all zero: read everything from the catalog. */
typedef struct prt_key_options {
    const char *column;      /* NULL: the first range column */
    int64_t epoch_per_sec;   /* EPOCH: units a second (1, 1000, 1000000, 1000000000); 0: not an epoch */
    bool snowflake;          /* SNOWFLAKE with the two below */
    int snowflake_shift;     /* bits below the milliseconds (22 for Twitter's and Discord's) */
    int64_t snowflake_epoch; /* instant of the zero */
    /* TEXT: pure functions of the policy; NULL: not a codec. Results live in `arena`. */
    bool (*encode)(void *data, prt_arena *arena, prt_instant at, const char **text, prt_error *err);
    bool (*decode)(void *data, const char *text, prt_instant *at, prt_error *err);
    void *codec_data;
} prt_key_options;

typedef struct prt_key {
    prt_key_kind kind;
    const char *column;
    const char *type;       /* as format_type prints it */
    int columns;            /* of the whole partition key; columns after this one are MINVALUE in new bounds */
    int index;              /* of this column in it: 0, or 1 behind a tenant's column */
    const char *prefix;     /* index 1: the tenant as SQL, for new bounds: 'acme'; otherwise NULL */
    int64_t id_min, id_max; /* ID, EPOCH, SNOWFLAKE: the type's limits */
    int64_t resolution;     /* see prt_key_resolution */
    prt_key_options options;
    const prt_zone *zone; /* of the policy; for DATE and TIMESTAMP's now */
} prt_key;

/* `type` is format_type()'s text. Unsupported types and options that do not fit the type are errors (PRT_ERR_VALUE)
 * that name the column and the type. Strings are kept, not copied. */
PRT_NODISCARD bool prt_key_init(prt_key *key, const char *column, const char *type, int columns, int index,
                                const prt_key_options *options, const prt_zone *zone, prt_error *err);
bool prt_key_is_time(const prt_key *key);
/* Positions that differ by less than this and share a floor are one boundary: 1 day for DATE, 1 ms for UUID7, 1 s for
 * timestamp(0), ... 1 for ID. A codec's own resolution is not known: 1 for TEXT. */
int64_t prt_key_resolution(const prt_key *key);
/* `at` rounded down to the resolution: what a bound at this position becomes. TEXT: through the codec and back. */
prt_pos prt_key_floor(const prt_key *key, prt_pos at);
/* MINVALUE and MAXVALUE are PRT_POS_MIN and PRT_POS_MAX; so is what lies beyond the 64-bit axis. NULL is an error. */
PRT_NODISCARD bool prt_key_decode(const prt_key *key, const prt_datum *datum, prt_pos *out, prt_error *err);
/* The unquoted text of a bound at `at`, as PostgreSQL prints it under DateStyle=ISO and TimeZone=UTC. Out of the type's
 * limits is an error (PRT_ERR_VALUE); PRT_POS_MIN and PRT_POS_MAX are the infinities of the types that have them. */
PRT_NODISCARD bool prt_key_encode(const prt_key *key, prt_arena *arena, prt_pos at, const char **text, prt_error *err);
/* The greatest and least positions a bound of this key can be (the type's own limits). */
prt_pos prt_key_min(const prt_key *key);
prt_pos prt_key_max(const prt_key *key);
/* The position of an instant on a time key's axis: the wall clock for DATE and TIMESTAMP. */
prt_pos prt_key_now(const prt_key *key, prt_instant now);

#endif
