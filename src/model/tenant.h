/* Tenants: whose rows are whose. A list comes from the policy or from its SQL query; it is a fact like the catalog. */
#ifndef PRT_MODEL_TENANT_H
#define PRT_MODEL_TENANT_H

#include <stdbool.h>
#include <stddef.h>

typedef enum prt_value_kind {
    PRT_VALUE_NULL,
    PRT_VALUE_TEXT,
    PRT_VALUE_INTEGER,
    PRT_VALUE_NUMBER,
    PRT_VALUE_BOOLEAN, /* text "t" or "f" */
} prt_value_kind;

/* One column of a tenant's row. */
typedef struct prt_tenant_field {
    const char *name;
    prt_value_kind kind;
    const char *text; /* NULL: SQL's NULL */
} prt_tenant_field;

typedef struct prt_tenant {
    const char *id;           /* as PostgreSQL prints a value of the tenant column */
    prt_tenant_field *fields; /* the row, `id` among them: what hooks see as ctx.tenant */
    size_t fields_length;
} prt_tenant;

typedef struct prt_tenant_list {
    prt_tenant *items; /* sorted by id (strcmp), each id once */
    size_t length;
    /* Where bounds reach from one tenant to another: the ids and those ends in the order of the column; NULL: not asked for. */
    const char *const *order;
    size_t order_length;
    const char *error,
        *hint; /* why the list could not be read: nothing of the policy's sets is made or retired; NULL */
} prt_tenant_list;

/* NULL: it is not in the list. */
const prt_tenant *prt_tenant_find(const prt_tenant_list *list, const char *id);

#endif
