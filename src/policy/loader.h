/* One policy file, from its text to specs. */
#ifndef PRT_POLICY_LOADER_H
#define PRT_POLICY_LOADER_H

#include "base/vec.h"
#include "policy/vm.h"

typedef PRT_VEC(prt_spec *) prt_specs;
typedef PRT_VEC(prt_error *) prt_errors;

/* The file's policies, added to `specs`: all of them or none. Every problem is added to `problems`. */
PRT_NODISCARD bool prt_loader_file(prt_vm *vm, prt_arena *arena, const char *path, prt_specs *specs,
                                   prt_errors *problems);

/* The policy files of a folder, in name order: *.lua without *_spec.lua and hidden files. */
PRT_NODISCARD bool prt_loader_folder(prt_arena *arena, const char *folder, const char ***paths, size_t *length,
                                     prt_error *err);

#endif
