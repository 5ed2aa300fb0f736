#include "pg/exec_batch.h"

#include "base/clock.h"
#include "model/render.h"
#include "pg/exec_create.h"

/* Whole batches are as large as measured to be worth it; halves are smaller, so that no session waits long for another. */
enum { LARGEST_BATCH = 50, LARGEST_HALF = 25, LOCKS_PER_SET = 4 };

void
prt_queue_append(prt_queue *queue, prt_batch *batch)
{
    batch->next = NULL;
    if (queue->last == NULL)
        queue->first = batch;
    else
        queue->last->next = batch;
    queue->last = batch;
}

void
prt_queue_prepend(prt_queue *queue, prt_batch *batch)
{
    batch->next = queue->first;
    queue->first = batch;
    if (queue->last == NULL)
        queue->last = batch;
}

static bool
shares_set(const prt_batch *a, const prt_batch *b)
{
    /* Tasks of a batch are in the order of their sets. */
    for (size_t i = 0, j = 0; i < a->length && j < b->length;) {
        if (a->tasks[i].set == b->tasks[j].set)
            return true;
        if (a->tasks[i].set < b->tasks[j].set)
            i++;
        else
            j++;
    }
    return false;
}

static bool
is_held_up(const prt_queue *queue, const prt_batch *batch)
{
    for (const prt_batch *b = queue->first; b != batch; b = b->next)
        if (shares_set(b, batch))
            return true;
    return false;
}

prt_batch *
prt_queue_take(prt_queue *queue, int64_t now, int64_t *wake)
{
    prt_batch *before = NULL;
    for (prt_batch *b = queue->first; b != NULL; before = b, b = b->next) {
        if (b->not_before > now) {
            if (*wake == 0 || b->not_before < *wake)
                *wake = b->not_before;
            continue;
        }
        if (is_held_up(queue, b))
            continue;
        if (before == NULL)
            queue->first = b->next;
        else
            before->next = b->next;
        if (queue->last == b)
            queue->last = before;
        b->next = NULL;
        return b;
    }
    return NULL;
}

prt_batch *
prt_batch_new(prt_arena *arena, prt_stage stage, const prt_task *tasks, size_t length)
{
    prt_batch *batch = PRT_NEW(arena, prt_batch);
    batch->stage = stage;
    batch->length = length;
    batch->tasks = prt_arena_array(arena, length, sizeof *tasks);
    for (size_t i = 0; i < length; i++)
        batch->tasks[i] = tasks[i];
    return batch;
}

/* A creation that is one short transaction: it may share one with its neighbours. */
static bool
is_plain(const prt_operation *op)
{
    if (op->op != PRT_OP_CREATE)
        return false;
    for (size_t i = 0; i < op->statements_length; i++)
        if ((op->statements[i].flags & (PRT_ALONE | PRT_BREAK | PRT_LONG)) != 0)
            return false;
    return true;
}

bool
prt_batch_is_plain(const prt_set *set)
{
    size_t length = prt_exec_creations(set);
    for (size_t i = 0; i < length; i++)
        if (!is_plain(&set->operations.items[i]))
            return false;
    return true;
}

static int
tables_of(const prt_sublevel *level)
{
    int tables = 1;
    for (size_t i = 0; level != NULL && i < level->length; i++)
        tables += tables_of(level->children[i].below);
    return tables;
}

/* Of one creation: every table that is built, with its indexes. */
static int
locks_of_operation(const prt_set *set, const prt_operation *op)
{
    return set->parent->parent->locks_per_child * tables_of(op->below) + (op->branch != NULL ? 1 : 0);
}

static int
locks_of_set(const prt_set *set)
{
    const prt_parent *parent = set->parent->parent;
    return parent->locks_per_child + (int) parent->references_length + LOCKS_PER_SET;
}

/* Whether the next operation of `set` may join the batch that is being filled, which ends with `last`. */
static bool
has_room(const prt_executor *x, const prt_batch *batch, int locks, prt_task task, prt_stage stage)
{
    const prt_set *set = prt_exec_set(x, task);
    const prt_set *first = prt_exec_set(x, batch->tasks[0]);
    const prt_set *last = prt_exec_set(x, batch->tasks[batch->length - 1]);
    int more = locks_of_operation(set, prt_exec_operation(x, task)) + (last == set ? 0 : locks_of_set(set));
    return batch->stage == stage && batch->length < (stage == PRT_STAGE_WHOLE ? LARGEST_BATCH : LARGEST_HALF) &&
           locks + more <= x->result->plan->snapshot->lock_budget &&
           prt_exec_lock_timeout(x, first) == prt_exec_lock_timeout(x, set) &&
           prt_exec_statement_timeout(x, first) == prt_exec_statement_timeout(x, set);
}

static int
locks_of(const prt_executor *x, const prt_batch *batch)
{
    int locks = 0;
    for (size_t i = 0; i < batch->length; i++) {
        const prt_set *set = prt_exec_set(x, batch->tasks[i]);
        if (i == 0 || batch->tasks[i - 1].set != batch->tasks[i].set)
            locks += locks_of_set(set);
        locks += locks_of_operation(set, prt_exec_operation(x, batch->tasks[i]));
    }
    return locks;
}

static bool
is_open(const prt_executor *x, const prt_batch *batch)
{
    return batch != NULL && is_plain(prt_exec_operation(x, batch->tasks[batch->length - 1]));
}

static prt_batch *
new_batch(prt_executor *x, prt_queue *queue, prt_stage stage, prt_task task)
{
    prt_task room[LARGEST_BATCH] = {task};
    prt_batch *batch = prt_batch_new(x->arena, stage, room, LARGEST_BATCH);
    batch->length = 1;
    prt_queue_append(queue, batch);
    return batch;
}

void
prt_batch_fill(prt_executor *x, prt_queue *queue, size_t index, prt_stage stage)
{
    const prt_set *set = &x->result->plan->sets.items[index];
    size_t length = prt_exec_creations(set);
    prt_batch *batch = is_open(x, queue->last) ? queue->last : NULL;
    int locks = batch == NULL ? 0 : locks_of(x, batch);
    for (size_t i = 0; i < length; i++) {
        prt_task task = {.set = index, .operation = i};
        bool plain = is_plain(&set->operations.items[i]);
        if (plain && batch != NULL && has_room(x, batch, locks, task, stage)) {
            batch->tasks[batch->length++] = task;
        } else {
            batch = new_batch(x, queue, stage, task);
            if (!plain)
                batch = NULL;
        }
        locks = batch == NULL ? 0 : locks_of(x, batch);
    }
}

static void
add_all(prt_executor *x, prt_script *script, const prt_statement *statements, size_t from, size_t to, size_t owner)
{
    for (size_t i = from; i < to; i++)
        prt_script_add(x->arena, script, &statements[i], (int) owner);
}

static void
add_half(prt_executor *x, const prt_batch *batch, prt_script *script, size_t index)
{
    prt_statement *make, *attach;
    size_t make_length, attach_length;
    prt_task task = batch->tasks[index];
    const prt_operation *op = prt_exec_operation(x, task);
    if (op->made) { /* by a run that was killed: only the second half is left */
        if (batch->stage == PRT_STAGE_ATTACH)
            add_all(x, script, op->statements, 0, op->statements_length, index);
        return;
    }
    prt_render_make(x->arena, x->result->plan->snapshot, prt_exec_set(x, task), op, &make, &make_length, &attach,
                    &attach_length);
    if (batch->stage == PRT_STAGE_MAKE)
        add_all(x, script, make, 0, make_length, index);
    else
        add_all(x, script, attach, 0, attach_length, index);
}

static void
add_journal(prt_executor *x, const prt_batch *batch, prt_script *script)
{
    prt_journal_row *rows = prt_arena_array(x->arena, batch->length, sizeof *rows);
    for (size_t i = 0; i < batch->length; i++)
        rows[i] = (prt_journal_row) {.set = prt_exec_set(x, batch->tasks[i]),
                                     .operation = prt_exec_operation(x, batch->tasks[i]),
                                     .attempts = batch->attempts + 1,
                                     .duration = batch->statement == 0 ? 0 : prt_clock_monotonic() - batch->started};
    prt_script_journal(x->arena, script, prt_journal_rows(x->journal, x->arena, rows, batch->length));
}

void
prt_batch_script(prt_executor *x, prt_batch *batch, prt_script *script)
{
    const prt_operation *first = prt_exec_operation(x, batch->tasks[0]);
    *script = (prt_script) {.statement_ms = prt_exec_statement_timeout(x, prt_exec_set(x, batch->tasks[0]))};
    batch->end = first->statements_length;
    if (batch->stage != PRT_STAGE_WHOLE) {
        for (size_t i = 0; i < batch->length; i++)
            add_half(x, batch, script, i);
    } else if (batch->length == 1) {
        batch->end = prt_group_end(first->statements, first->statements_length, batch->statement);
        add_all(x, script, first->statements, batch->statement, batch->end, 0);
    } else {
        /* All tables first, then what ties them to their parents: each ATTACH has the next LIKE read its parent anew. */
        for (size_t i = 0; i < batch->length; i++)
            add_all(x, script, prt_exec_operation(x, batch->tasks[i])->statements, 0,
                    prt_exec_operation(x, batch->tasks[i])->building, i);
        for (size_t i = 0; i < batch->length; i++) {
            const prt_operation *op = prt_exec_operation(x, batch->tasks[i]);
            add_all(x, script, op->statements, op->building, op->statements_length, i);
        }
    }
    if (batch->stage != PRT_STAGE_MAKE && batch->end == first->statements_length)
        add_journal(x, batch, script);
}
