/* Privileges as the catalog prints them (aclitem[]): {alice=arwdDxt/alice,bob=r*w/alice,=r/alice}. */
#ifndef PRT_MODEL_ACL_H
#define PRT_MODEL_ACL_H

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

typedef struct prt_grant {
    const char *grantee;    /* NULL: PUBLIC */
    const char *privileges; /* "SELECT, INSERT" */
    bool grantable;         /* WITH GRANT OPTION */
} prt_grant;

/* NULL is an empty list. A grantee with both kinds of privileges gets two entries. Letters that are no table privilege
 * are an error. */
PRT_NODISCARD bool prt_acl_parse(prt_arena *arena, const char *text, prt_grant **grants, size_t *length,
                                 prt_error *err);
/* Whether two lists give the same to everybody but the owners, who have everything. */
PRT_NODISCARD bool prt_acl_same(prt_arena *arena, const char *a, const char *a_owner, const char *b,
                                const char *b_owner, bool *same, prt_error *err);

#endif
