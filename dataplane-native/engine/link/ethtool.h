/* ethtool.h - what a driver says of its interface, and the little of it that we change. */
#ifndef TIMEPLANE_ETHTOOL_H
#define TIMEPLANE_ETHTOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "link/system_calls.h"

#define TP_DRIVER_NAME_OCTETS 32u

/* "veth", "ixgbe", …; empty: it does not say. */
void tp_ethtool_driver(const struct tp_system_calls *calls, const char *interface,
                       char out[TP_DRIVER_NAME_OCTETS]);
/* Queues that frames are received in; 0: it does not say. */
uint32_t tp_ethtool_receive_queues(const struct tp_system_calls *calls, const char *interface);

/* What the card stamps. */
struct tp_stamping {
  bool is_possible;       /* both ways, and all that PTP needs */
  const char *why_not;    /* else */
  uint32_t clock_number;  /* of /dev/ptpN */
  int32_t receive_filter; /* HWTSTAMP_FILTER_…, the one that stamps most */
};
struct tp_stamping tp_ethtool_stamping(const struct tp_system_calls *calls, const char *interface);

/*
 * Offloads that make other frames of those on the line. Bits of a set:
 *   MERGING: several frames become one that no port could send on (GRO and LRO, in all forms)
 *   TAGS: VLAN tags are taken out, which AF_PACKET puts in again and AF_XDP cannot
 */
enum tp_offload_kind { TP_OFFLOADS_MERGING = 1, TP_OFFLOADS_TAGS = 2 };
/* Turns off those of the kinds that are on; in `turned_off` they are noted, to be turned on again.
 * 0 or -errno. */
int tp_offloads_turn_off(const struct tp_system_calls *calls, const char *interface, uint32_t kinds,
                         uint32_t *turned_off);
int tp_offloads_turn_on(const struct tp_system_calls *calls, const char *interface,
                        uint32_t offloads);

#endif
