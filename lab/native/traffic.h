/* What the cross traffic's source and sink agree on. */
#ifndef TIMEPLANE_LAB_TRAFFIC_H
#define TIMEPLANE_LAB_TRAFFIC_H

#include <stdint.h>

/* IEEE 802 local experimental EtherTypes: they mean nothing to anybody else. */
enum { ETHERTYPE_TRAFFIC = 0x88B5, ETHERTYPE_ANNOUNCE = 0x88B6 };

/* Octets a frame takes on the wire beside itself: FCS 4, preamble 8, gap 12. */
enum { WIRE_OVERHEAD_BYTES = 24 };

struct traffic_frame {
  uint8_t destination[6];
  uint8_t source[6];
  uint16_t ethertype_be;
  uint16_t reserved;
  uint64_t sequence_be;
};
_Static_assert(sizeof(struct traffic_frame) == 24, "the header is laid out without padding");

#endif
