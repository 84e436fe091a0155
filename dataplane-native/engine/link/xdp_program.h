/*
 * xdp_program.h - the program that hands an interface's frames to an AF_XDP socket, each with what
 * would be lost on the way: when it came, and the VLAN tag that was taken out of it.
 *
 * It is a few instructions of our own, so neither a compiler nor a library is needed for it. It
 * hangs on a link that ends with the process, however that ends.
 */
#ifndef TIMEPLANE_XDP_PROGRAM_H
#define TIMEPLANE_XDP_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

/* What the program writes before each frame. */
struct tp_xdp_metadata {
  uint64_t software_ns; /* CLOCK_TAI, as the program ran */
  uint64_t hardware_ns; /* of the interface's PTP clock */
  uint32_t flags;       /* TP_XDP_HAS_… */
  uint16_t vlan_type;   /* network order */
  uint16_t vlan_tci;    /* host order */
};
_Static_assert(sizeof(struct tp_xdp_metadata) == 24, "written by the program, which has no C");

#define TP_XDP_HAS_SOFTWARE 1u
#define TP_XDP_HAS_HARDWARE 2u
#define TP_XDP_HAS_VLAN     4u

struct tp_xdp_program {
  int map_fd; /* -1: none */
  int program_fd;
  int link_fd;
  /* The driver says what it took out of frames; without, tags that it took out are lost. */
  bool has_hints;
};

/* Loads the program for an interface and attaches it, in the driver; frames of its first queue go
 * to the socket. Null, or the step that failed; errno says why: EPERM, or that there is a program
 * already (EBUSY), or none possible (EOPNOTSUPP). */
const char *tp_xdp_program_open(struct tp_xdp_program *program, unsigned ifindex, int xdp_socket);
void tp_xdp_program_close(struct tp_xdp_program *program);

#endif
