/* Finding fields in the source of a policy. */
#include "policy/locate.h"
#include "support/support.h"

static const char *const source =
    "local partrun = require 'partrun'\n"                                            /* 1 */
    "local note = [==[ partrun.policy { premake = 1 } ]] ]==] --[[ { ]]\n"           /* 2 */
    "return { partrun.policy {\n"                                                    /* 3 */
    "  table = 'a.b', -- premake = 2\n"                                              /* 4 */
    "  --[[ premake = 3,\n"                                                          /* 5 */
    "  ]] subpartition = { hash = 'o', interval = 1,\n"                              /* 6 */
    "    modulos = 4 },\n"                                                           /* 7 */
    "  hold = function(ctx, p) local premake = 5 return p == { premake = 1 } end,\n" /* 8 */
    "  interval = '1 \\' day', naming = \"premake = 1,\"; premake == 7,\n"           /* 9 */
    "  premake = 10,\n"                                                              /* 10 */
    "}, partrun.policy({ table = 'c.d', premake = -1,\n"                             /* 11 */
    "  tables = { 'x',\n"                                                            /* 12 */
    "    5 } }) }\n";                                                                /* 13 */

static void
test_fields(void **state)
{
    (void) state;
    static const struct {
        int line;
        const char *path;
        int expected;
    } cases[] = {
        {3, "table", 4},
        {3, "premake", 10},
        {3, "interval", 9},
        {3, "subpartition", 6},
        {3, "subpartition.interval", 6},
        {3, "subpartition.modulos", 7},
        {3, "subpartition.modulus", 6},
        {3, "hold", 8},
        {3, "naming.x", 9},
        {3, "retention", 0},
        {3, "", 0},
        {11, "premake", 11},
        {11, "tables[2]", 12},
        {11, "interval", 0},
        {99, "premake", 0},
        {0, "premake", 10},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int found = prt_locate_field(source, strlen(source), cases[i].line, cases[i].path);
        if (found != cases[i].expected)
            fail_msg("%s of line %d: %d, not %d", cases[i].path, cases[i].line, found, cases[i].expected);
    }
}

/* Sources cut off anywhere are read to their end and no further. */
static void
test_cut_off(void **state)
{
    (void) state;
    size_t length = strlen(source);
    for (size_t cut = 0; cut <= length; cut++) {
        char *copy = test_malloc(cut + 1); /* watched by cmocka for overruns, and by sanitizers */
        memcpy(copy, source, cut);
        copy[cut] = '\0';
        int found = prt_locate_field(copy, cut, 3, "subpartition.modulos");
        assert_true(found == 0 || found == 6 || found == 7);
        test_free(copy);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fields), cmocka_unit_test(test_cut_off)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
