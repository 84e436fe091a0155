/* link_events.c - rtnetlink(7), RTMGRP_LINK: of every interface in the namespace of the process.
 * What a message says is not looked at: whoever hears of one looks at all interfaces itself. */
#include "link/link_events.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE_OCTETS 8192

int tp_link_events_open(void) {
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) {
    return -1;
  }
  const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
  if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

bool tp_link_events_drain(int fd) {
  unsigned char message[MESSAGE_OCTETS];
  bool has_any = false;
  for (;;) {
    const ssize_t octets = recv(fd, message, sizeof message, MSG_DONTWAIT | MSG_TRUNC);
    if (octets < 0 && errno == EINTR) {
      continue;
    }
    if (octets < 0 && errno == ENOBUFS) {
      has_any = true; /* some were lost: all the more reason to look */
      continue;
    }
    if (octets <= 0) {
      return has_any;
    }
    has_any = true;
  }
}
