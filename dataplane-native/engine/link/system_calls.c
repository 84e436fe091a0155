/* system_calls.c - see system_calls.h: the kernel itself. */
#include "link/system_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int control_interface(void *context, const char *interface, unsigned long request,
                             void *data) {
  (void)context;
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return -errno;
  }
  struct ifreq call = {.ifr_data = data};
  snprintf(call.ifr_name, sizeof call.ifr_name, "%s", interface);
  const int result = ioctl(fd, request, &call) >= 0 ? 0 : -errno;
  close(fd);
  return result;
}

static int open_clock(void *context, uint32_t number) {
  (void)context;
  char path[32];
  snprintf(path, sizeof path, "/dev/ptp%u", (unsigned)number);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  return fd >= 0 ? fd : -errno;
}

static int control_clock(void *context, int fd, unsigned long request, void *data) {
  (void)context;
  return ioctl(fd, request, data) >= 0 ? 0 : -errno;
}

static void close_clock(void *context, int fd) {
  (void)context;
  close(fd);
}

const struct tp_system_calls tp_kernel = {
    .control_interface = control_interface,
    .open_clock = open_clock,
    .control_clock = control_clock,
    .close_clock = close_clock,
};
