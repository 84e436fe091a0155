/* kernel_types.h - the numbers by which programs call functions of this kernel. */
#ifndef TIMEPLANE_KERNEL_TYPES_H
#define TIMEPLANE_KERNEL_TYPES_H

#include <stdint.h>

/* Looks functions up in the kernel's own type information; 0 for one that it does not have. */
void tp_kernel_functions(const char *const *names, uint32_t count, int32_t *out);

#endif
