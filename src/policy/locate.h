/* Where in a policy's source a field stands: messages point at the field, not at the beginning of its policy. */
#ifndef PRT_POLICY_LOCATE_H
#define PRT_POLICY_LOCATE_H

#include <stddef.h>

/*
 * The line of the field at `path` ("premake", "subpartition.modulus", "tables[2]") of the policy whose call stands at
 * `line`, or of the innermost field around it; 0 when there is none.
 */
int prt_locate_field(const char *text, size_t length, int line, const char *path);

#endif
