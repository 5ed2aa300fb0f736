/* What every cmocka program includes: cmocka in the order it wants, and a few helpers. */
#ifndef PRT_TESTS_SUPPORT_H
#define PRT_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/error.h"
#include "model/zone.h"

/* Fails the test with the error's text unless `ok`. */
#define assert_ok(ok, err)                                                                         \
    do {                                                                                           \
        if (!(ok))                                                                                 \
            fail_msg("%s: %s%s%s", #ok, (err)->message, (err)->hint[0] ? " | " : "", (err)->hint); \
    } while (0)

/* cmocka setup and teardown that give each test a fresh prt_arena in *state. */
int support_arena_setup(void **state);
int support_arena_teardown(void **state);

/* The system's zone, and an instant as prt_instant_parse reads it; the test fails when there is none. */
const prt_zone *support_zone(prt_arena *arena, const char *name);
prt_instant support_instant(const char *text);

#endif
