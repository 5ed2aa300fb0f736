#include "model/axis.h"

#include <string.h>

const char *
prt_bound_tenant(const prt_bound *bound)
{
    bool several = bound->kind == PRT_BOUND_RANGE && bound->length > 1;
    if (!several || bound->from[0].kind != PRT_DATUM_VALUE || bound->to[0].kind != PRT_DATUM_VALUE)
        return NULL;
    return strcmp(bound->from[0].text, bound->to[0].text) == 0 ? bound->from[0].text : NULL;
}

int
prt_parent_axis(const prt_parent *parent)
{
    size_t exact = 0, ranges = 0;
    for (size_t i = 0; i < parent->children_length; i++) {
        const prt_table *child = parent->children[i];
        if (child->bound_error != NULL || child->bound.kind != PRT_BOUND_RANGE)
            continue;
        ranges++;
        exact += prt_bound_tenant(&child->bound) != NULL;
    }
    return parent->columns > 1 && parent->key[1].name != NULL && exact * 2 > ranges ? 1 : 0;
}
