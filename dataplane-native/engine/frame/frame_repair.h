/* frame_repair.h - what the kernel took out of a received frame comes back into it. */
#ifndef TIMEPLANE_FRAME_REPAIR_H
#define TIMEPLANE_FRAME_REPAIR_H

#include <stdbool.h>
#include <string.h>

#include "frame/checksum.h"
#include "pipeline.h"

#define TP_ADDRESSES_OCTETS 12u /* before the place of a VLAN tag */
#define TP_TAG_OCTETS       4u

/* A VLAN tag that is not in the frame. */
struct tp_lost_tag {
  bool is_there;
  uint16_t type; /* 0x8100 or 0x88a8 */
  uint16_t tci;
};

/* Copies a frame, and its tag into its place. The packet has room for both. */
static inline void tp_copy_with_tag(struct tp_packet *packet, const uint8_t *frame, uint32_t octets,
                                    struct tp_lost_tag tag) {
  if (!tag.is_there || octets < TP_ADDRESSES_OCTETS) {
    memcpy(packet->data, frame, octets);
    packet->length = octets;
    return;
  }
  memcpy(packet->data, frame, TP_ADDRESSES_OCTETS);
  tp_store16(packet->data + TP_ADDRESSES_OCTETS, tag.type);
  tp_store16(packet->data + TP_ADDRESSES_OCTETS + 2, tag.tci);
  memcpy(packet->data + TP_ADDRESSES_OCTETS + TP_TAG_OCTETS, frame + TP_ADDRESSES_OCTETS,
         octets - TP_ADDRESSES_OCTETS);
  packet->length = octets + TP_TAG_OCTETS;
}

#endif
