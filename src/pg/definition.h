/*
 * A table's definition as JSON: everything that makes it again (model/render_definition.h), for an archive's manifest.
 * Texts are SQL as PostgreSQL prints it, qualified; what is null, or the default, is left out.
 *
 *   { "kind": "table",                           or "partitioned": a branch, of which restoring makes one plain table
 *     "unlogged": true,
 *     "owner": "app", "tablespace": "cold",      tablespace: noted; restoring uses the database's default
 *     "comment": "...",                          without partrun's marker
 *     "access_method": "heap",                   noted
 *     "storage": [ { "name": "toast.autovacuum_enabled", "value": "false" } ],
 *     "replica_identity": "full",                or "nothing"
 *     "columns": [                               in the table's order, dropped ones left out
 *       { "name": "id", "type": "numeric(10,2)",
 *         "collation": "pg_catalog.\"C\"",       where it is not the type's own
 *         "not_null": true,
 *         "default": "now()",
 *         "generated": "stored",                 or "virtual" (18), with
 *         "expression": "(a + b)",
 *         "identity": "always",                  or "by default", with what its sequence was made with, and where it stood
 *         "sequence": { "start": 1, "increment": 1, "minimum": 1, "maximum": 9223372036854775807, "cache": 1,
 *                       "cycle": false },
 *         "storage": "external", "compression": "lz4", "statistics": 500, "comment": "..." } ],
 *     "constraints": [                           checks first, each kind by name; partrun's own checks left out
 *       { "name": "t_pkey", "kind": "primary key",  "check", "unique", "exclude", "not null" (only one NOT VALID: 18)
 *         "definition": "PRIMARY KEY (id)",      pg_get_constraintdef: it names no table
 *         "valid": false,                        only then: to be made after the rows are there
 *         "comment": "..." } ],
 *     "indexes": [                               those that no constraint brings along
 *       { "name": "t_a_idx", "unique": true,
 *         "definition": "USING btree (lower(a) DESC) WHERE (b > 0)" } ],
 *     "foreign_keys": [ { "name", "definition" } ],    noted: not made again, what they point at may be gone
 *     "types": [ "public.mood" ] }               that PostgreSQL does not bring along
 *
 * An index's definition is what pg_get_indexdef prints from USING on. The query writes the text that comes before it,
 * "CREATE UNIQUE INDEX name ON ONLY table ", with the very functions that pg_get_indexdef writes it with, and takes it off;
 * where the text does not start with it, that is an error and not a guess. So nothing ever looks for "USING" in a
 * definition, which may hold the word in a name or a literal.
 */
#ifndef PRT_PG_DEFINITION_H
#define PRT_PG_DEFINITION_H

#include <jansson.h>

#include "pg/conn.h"

/* *out is the caller's (json_decref). A table that is not there, or is neither a table nor partitioned, is an error. */
PRT_NODISCARD bool prt_definition_read(prt_conn *conn, prt_arena *arena, uint32_t oid, json_t **out, prt_error *err);

#endif
