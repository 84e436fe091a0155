/*
 * null_forwarder.c - the peer of the forwarding benchmark: a program that does nothing but move
 * frames between two interfaces, both ways: see null_forward.h.
 *
 *   null_forwarder INTERFACE INTERFACE
 *
 * Prints `ready` when it forwards, and does so until it is killed.
 */
#include <poll.h>
#include <time.h>

#include "null_forward.h"

/* It looks again for so long before it sleeps: to be woken costs the sender, too. */
#define LINGER_NS UINT64_C(20000)

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fputs("usage: null_forwarder INTERFACE INTERFACE\n", stderr);
    return 2;
  }
  struct side sides[2] = {0};
  open_side(&sides[0], argv[1]);
  open_side(&sides[1], argv[2]);
  puts("ready");
  fflush(stdout);
  struct pollfd waits[2] = {{sides[0].receive, POLLIN, 0}, {sides[1].receive, POLLIN, 0}};
  for (uint64_t last_ns = now_ns();;) {
    const uint32_t moved = move_burst(&sides[0], &sides[1]);
    if (move_burst(&sides[1], &sides[0]) + moved != 0) {
      last_ns = now_ns();
    } else if (now_ns() - last_ns > LINGER_NS && poll(waits, 2, -1) < 0 && errno != EINTR) {
      null_fail("poll");
    }
  }
}
