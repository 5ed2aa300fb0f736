/*
 * A plan as text for people: one line a set, one line an operation or finding, in aligned columns.
 *
 * Pure. Control characters in names and messages are shown as "?", so that a hostile name cannot steer a terminal.
 * The parts are public for `apply`, which prints each operation as it is done, and for `check`.
 */
#ifndef PRT_MODEL_PLAN_TEXT_H
#define PRT_MODEL_PLAN_TEXT_H

#include "base/buf.h"
#include "model/plan.h"

typedef struct prt_text_style {
    bool color; /* ANSI colours */
    bool fold;  /* the middle of a long run of like operations is left out (terminals) */
    int width;  /* of the terminal; 0: as wide as need be */
} prt_text_style;

/* Widths of the columns, in characters. */
typedef struct prt_text_layout {
    int set, op, name, range, size, reason;
} prt_text_layout;

typedef enum prt_tint {
    PRT_TINT_NONE,
    PRT_TINT_GOOD,
    PRT_TINT_BAD,
    PRT_TINT_WARN,
    PRT_TINT_DIM,
    PRT_TINT_BOLD
} prt_tint;

/* The whole plan, summary included. A NULL style is plain. */
void prt_plan_text(prt_buf *out, const prt_plan *plan, const prt_text_style *style);
/* `check`: only the findings, with their severity. */
void prt_check_text(prt_buf *out, const prt_plan *plan, const prt_text_style *style);

/* The pieces. Layouts grow to hold every set they have seen. */
void prt_layout_init(prt_text_layout *layout);
void prt_layout_add(prt_text_layout *layout, prt_arena *arena, const prt_set *set);
void prt_set_text(prt_buf *out, const prt_set *set, const prt_text_layout *layout, const prt_text_style *style);
/* `last` replaces the last column (the note or the lock) unless it is NULL. */
void prt_operation_text(prt_buf *out, const prt_set *set, const prt_operation *operation, const prt_text_layout *layout,
                        const prt_text_style *style, const char *last);
/* All of a set's findings: a hint that neighbours share is given once, long runs are folded. */
void prt_findings_text(prt_buf *out, const prt_set *set, const prt_text_layout *layout, const prt_text_style *style);
/* "public.events", "public.events  tenant acme": the set's table, as it is displayed. */
const char *prt_set_name(prt_arena *arena, const prt_set *set);
const char *prt_parent_name(prt_arena *arena, const prt_table *parent, const char *tenant); /* tenant NULL: none */
/* Whether a folded report leaves out the operation at `index`. *hidden: how many in a row begin to be left out here; 0: none. */
bool prt_operation_folds(const prt_set *set, size_t index, size_t *hidden);
/* The line that stands for them. */
void prt_folded_text(prt_buf *out, size_t hidden, int indent, const prt_text_style *style);
/* "2 operations", "1 finding", "no sets" */
const char *prt_count_text(prt_arena *arena, size_t count, const char *noun);
/* "91 MB", "3.1 GB", "40 bytes"; 1024-based, as PostgreSQL's pg_size_pretty. */
const char *prt_bytes_text(prt_arena *arena, int64_t bytes);
/* "1,234,567" */
const char *prt_number_text(prt_arena *arena, int64_t number);

/* Characters that a text takes on a terminal (code points). */
int prt_text_width(const char *text);
/* Appends `text` without control characters, in colour when style asks for it, filled up with blanks to `width` (0: none). */
void prt_text_put(prt_buf *out, const prt_text_style *style, prt_tint tint, const char *text, int width);

#endif
