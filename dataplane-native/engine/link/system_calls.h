/* system_calls.h - the kernel as the files about drivers see it, so that tests can put hardware in
 * its place that this machine does not have. */
#ifndef TIMEPLANE_SYSTEM_CALLS_H
#define TIMEPLANE_SYSTEM_CALLS_H

#include <stdint.h>

/* Each returns 0 (or a descriptor) or -errno. */
struct tp_system_calls {
  void *context; /* the functions' first argument */
  /* ioctl(2) about an interface; `data` is what ifr_data points to. */
  int (*control_interface)(void *context, const char *interface, unsigned long request, void *data);
  /* A PTP clock, /dev/ptpN. */
  int (*open_clock)(void *context, uint32_t number);
  int (*control_clock)(void *context, int fd, unsigned long request, void *data);
  void (*close_clock)(void *context, int fd);
};

extern const struct tp_system_calls tp_kernel;

#endif
