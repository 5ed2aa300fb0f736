/* Policy files in a folder of their own, for the tests of the policy room. */
#ifndef PRT_TESTS_POLICY_SUPPORT_H
#define PRT_TESTS_POLICY_SUPPORT_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "policy/policy.h"
#include "support/support.h"

typedef struct policy_fixture {
    char folder[64];
    prt_arena *arena;
    prt_policies *policies;
    prt_log log;
    prt_policy_host host;
} policy_fixture;

static inline int
policy_fixture_remove(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void) info;
    (void) type;
    (void) walk;
    return remove(path);
}

static inline policy_fixture
policy_fixture_open(const prt_policy_limits *limits)
{
    policy_fixture f = {.folder = "/tmp/partrun-policy-XXXXXX", .arena = prt_arena_new()};
    assert_non_null(mkdtemp(f.folder));
    static const prt_log silent = {0};
    f.host.log = &silent;
    f.policies = prt_policies_new(limits, &f.host);
    assert_non_null(f.policies);
    return f;
}

static inline void
policy_fixture_close(policy_fixture *f)
{
    prt_policies_free(f->policies);
    nftw(f->folder, policy_fixture_remove, 16, FTW_DEPTH | FTW_PHYS);
    prt_arena_free(f->arena);
}

static inline const char *
policy_write(const policy_fixture *f, const char *name, const char *text)
{
    const char *path = prt_arena_printf(f->arena, "%s/%s", f->folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    return path;
}

/* Loads a text as the policy file `name`; returns what prt_policies_load does. */
static inline bool
policy_load(const policy_fixture *f, const char *name, const char *text, prt_error *err)
{
    *err = (prt_error) {0};
    return prt_policies_load(f->policies, policy_write(f, name, text), false, err);
}

/* The spec that was loaded last. */
static inline const prt_spec *
policy_last(const policy_fixture *f)
{
    size_t length;
    const prt_spec *const *specs = prt_policies_specs(f->policies, &length);
    assert_true(length > 0);
    return specs[length - 1];
}

#define assert_contains(text, part)                                     \
    do {                                                                \
        if (strstr((text), (part)) == NULL)                             \
            fail_msg("\"%s\" does not contain \"%s\"", (text), (part)); \
    } while (0)

#endif
