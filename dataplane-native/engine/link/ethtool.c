/* ethtool.c - see ethtool.h; the ioctl interface of linux/ethtool.h, which every kernel has. */
#include "link/ethtool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>

#define FEATURE_LIMIT 256u
#define BLOCK_BITS    32u
#define BLOCK_LIMIT   (FEATURE_LIMIT / BLOCK_BITS)

static int request(const struct tp_system_calls *calls, const char *interface, void *command) {
  return calls->control_interface(calls->context, interface, SIOCETHTOOL, command);
}

void tp_ethtool_driver(const struct tp_system_calls *calls, const char *interface,
                       char out[TP_DRIVER_NAME_OCTETS]) {
  struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
  out[0] = 0;
  if (request(calls, interface, &info) == 0) {
    snprintf(out, TP_DRIVER_NAME_OCTETS, "%.*s", (int)sizeof info.driver - 1, info.driver);
  }
}

uint32_t tp_ethtool_receive_queues(const struct tp_system_calls *calls, const char *interface) {
  struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
  return request(calls, interface, &channels) == 0 ? channels.rx_count + channels.combined_count
                                                   : 0;
}

/* --- stamps ---------------------------------------------------------------------------------- */

/* Both are needed, for L2 and UDP: a card that stamps one only is of no use to a switch. */
static int32_t best_filter(uint32_t filters) {
  static const int32_t better_first[] = {HWTSTAMP_FILTER_ALL, HWTSTAMP_FILTER_PTP_V2_EVENT};
  for (uint32_t i = 0; i < sizeof better_first / sizeof *better_first; i++) {
    if ((filters >> better_first[i] & 1) != 0) {
      return better_first[i];
    }
  }
  return HWTSTAMP_FILTER_NONE;
}

struct tp_stamping tp_ethtool_stamping(const struct tp_system_calls *calls, const char *interface) {
  const uint32_t needed =
      SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE;
  struct ethtool_ts_info info = {.cmd = ETHTOOL_GET_TS_INFO};
  struct tp_stamping stamping = {0};
  if (request(calls, interface, &info) != 0) {
    stamping.why_not = "the driver does not say what it can stamp";
  } else if ((info.so_timestamping & needed) != needed) {
    stamping.why_not = "the card does not stamp what it receives and sends";
  } else if ((info.tx_types >> HWTSTAMP_TX_ON & 1) == 0) {
    stamping.why_not = "the card does not stamp all that it is asked to stamp";
  } else if (best_filter(info.rx_filters) == HWTSTAMP_FILTER_NONE) {
    stamping.why_not = "the card does not stamp all of PTP's event messages, on Ethernet and UDP";
  } else if (info.phc_index < 0) {
    stamping.why_not = "the card has no PTP clock";
  } else {
    stamping.is_possible = true;
    stamping.clock_number = (uint32_t)info.phc_index;
    stamping.receive_filter = best_filter(info.rx_filters);
  }
  return stamping;
}

/* --- offloads -------------------------------------------------------------------------------- */

/* By the kernel's names; a bit of our own for each, since the kernel's numbers change. */
static const struct {
  const char *name;
  enum tp_offload_kind kind;
} OFFLOADS[] = {
    {"rx-gro", TP_OFFLOADS_MERGING},
    {"rx-lro", TP_OFFLOADS_MERGING},
    {"rx-gro-hw", TP_OFFLOADS_MERGING},
    {"rx-gro-list", TP_OFFLOADS_MERGING},
    {"rx-udp-gro-forwarding", TP_OFFLOADS_MERGING},
    {"rx-vlan-hw-parse", TP_OFFLOADS_TAGS},
    {"rx-vlan-stag-hw-parse", TP_OFFLOADS_TAGS},
};
#define OFFLOAD_COUNT (sizeof OFFLOADS / sizeof *OFFLOADS)

/* Where the kernel has each of ours; FEATURE_LIMIT: nowhere. */
struct places {
  uint32_t feature_count;
  uint32_t of[OFFLOAD_COUNT];
};

static int find_places(const struct tp_system_calls *calls, const char *interface,
                       struct places *out) {
  union { /* room for what follows the head */
    struct ethtool_sset_info head;
    uint8_t octets[sizeof(struct ethtool_sset_info) + sizeof(uint32_t)];
  } info = {.head = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = UINT64_C(1) << ETH_SS_FEATURES}};
  const int result = request(calls, interface, &info);
  if (result != 0) {
    return result;
  }
  const uint32_t count = info.head.sset_mask == 0 ? 0 : info.head.data[0];
  if (count == 0 || count > FEATURE_LIMIT) {
    return -EOPNOTSUPP;
  }
  struct ethtool_gstrings *names = calloc(1, sizeof *names + (size_t)count * ETH_GSTRING_LEN);
  if (names == NULL) {
    return -ENOMEM;
  }
  names->cmd = ETHTOOL_GSTRINGS;
  names->string_set = ETH_SS_FEATURES;
  names->len = count;
  const int read = request(calls, interface, names);
  out->feature_count = count;
  for (uint32_t i = 0; i < OFFLOAD_COUNT; i++) {
    out->of[i] = FEATURE_LIMIT;
    for (uint32_t feature = 0; read == 0 && feature < count; feature++) {
      const char *name = (const char *)names->data + feature * ETH_GSTRING_LEN;
      if (strncmp(name, OFFLOADS[i].name, ETH_GSTRING_LEN) == 0) {
        out->of[i] = feature;
      }
    }
  }
  free(names);
  return read;
}

/* Where an offload stands among the blocks of features, and its bit there; 0: nowhere. */
static uint32_t block_of(const struct places *places, uint32_t offload) {
  return places->of[offload] / BLOCK_BITS;
}

static uint32_t bit_of(const struct places *places, uint32_t offload) {
  const uint32_t place = places->of[offload];
  return place < places->feature_count ? 1u << (place % BLOCK_BITS) : 0;
}

/* Those of ours that are on and can be changed. */
static int find_active(const struct tp_system_calls *calls, const char *interface,
                       const struct places *places, uint32_t *active) {
  union {
    struct ethtool_gfeatures head;
    uint8_t octets[sizeof(struct ethtool_gfeatures) +
                   BLOCK_LIMIT * sizeof(struct ethtool_get_features_block)];
  } features;
  memset(&features, 0, sizeof features);
  features.head.cmd = ETHTOOL_GFEATURES;
  features.head.size = BLOCK_LIMIT;
  const int result = request(calls, interface, &features);
  *active = 0;
  for (uint32_t i = 0; result == 0 && i < OFFLOAD_COUNT; i++) {
    const uint32_t bit = bit_of(places, i);
    if (bit == 0) {
      continue;
    }
    const struct ethtool_get_features_block *block = &features.head.features[block_of(places, i)];
    const bool is_ours = (block->active & block->available & ~block->never_changed & bit) != 0;
    *active |= is_ours ? 1u << i : 0;
  }
  return result;
}

static int set_offloads(const struct tp_system_calls *calls, const char *interface,
                        const struct places *places, uint32_t offloads, bool is_on) {
  union {
    struct ethtool_sfeatures head;
    uint8_t octets[sizeof(struct ethtool_sfeatures) +
                   BLOCK_LIMIT * sizeof(struct ethtool_set_features_block)];
  } features;
  memset(&features, 0, sizeof features);
  features.head.cmd = ETHTOOL_SFEATURES;
  features.head.size = (places->feature_count + BLOCK_BITS - 1) / BLOCK_BITS;
  for (uint32_t i = 0; i < OFFLOAD_COUNT; i++) {
    const uint32_t bit = bit_of(places, i);
    if ((offloads >> i & 1) == 0 || bit == 0) {
      continue;
    }
    struct ethtool_set_features_block *block = &features.head.features[block_of(places, i)];
    block->valid |= bit;
    block->requested |= is_on ? bit : 0;
  }
  return request(calls, interface, &features);
}

int tp_offloads_turn_off(const struct tp_system_calls *calls, const char *interface, uint32_t kinds,
                         uint32_t *turned_off) {
  struct places places;
  uint32_t active = 0;
  int result = find_places(calls, interface, &places);
  if (result == 0) {
    result = find_active(calls, interface, &places, &active);
  }
  for (uint32_t i = 0; i < OFFLOAD_COUNT; i++) {
    active &= (OFFLOADS[i].kind & kinds) == 0 ? ~(1u << i) : ~0u;
  }
  *turned_off = 0;
  if (result != 0 || active == 0) {
    return result == -EOPNOTSUPP ? 0 : result; /* an interface that has none */
  }
  result = set_offloads(calls, interface, &places, active, false);
  *turned_off = result == 0 ? active : 0;
  return result;
}

int tp_offloads_turn_on(const struct tp_system_calls *calls, const char *interface,
                        uint32_t offloads) {
  struct places places;
  if (offloads == 0) {
    return 0;
  }
  const int result = find_places(calls, interface, &places);
  return result == 0 ? set_offloads(calls, interface, &places, offloads, true) : result;
}
