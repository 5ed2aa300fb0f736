#include "model/tenant.h"

#include <stdlib.h>
#include <string.h>

static int
compare(const void *id, const void *tenant)
{
    return strcmp(id, ((const prt_tenant *) tenant)->id);
}

const prt_tenant *
prt_tenant_find(const prt_tenant_list *list, const char *id)
{
    return list->length == 0 ? NULL : bsearch(id, list->items, list->length, sizeof *list->items, compare);
}
