/* PTP frames as the lab's generators write and read them: Ethernet, UDP/IPv4 and UDP/IPv6, version
 * 2 messages (IEEE 1588-2019, clause 13 and annexes C to E). Shares no code with what it tests. */
#ifndef TIMEPLANE_LAB_PTP_FRAMES_H
#define TIMEPLANE_LAB_PTP_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum ptp_type {
  PTP_SYNC = 0x0,
  PTP_DELAY_REQ = 0x1,
  PTP_PDELAY_REQ = 0x2,
  PTP_PDELAY_RESP = 0x3,
  PTP_FOLLOW_UP = 0x8,
  PTP_DELAY_RESP = 0x9,
  PTP_PDELAY_RESP_FOLLOW_UP = 0xA,
  PTP_ANNOUNCE = 0xB,
  PTP_SIGNALING = 0xC,
  PTP_MANAGEMENT = 0xD,
};

enum {
  PTP_HEADER_OCTETS = 34,
  PTP_IDENTITY_OCTETS = 10, /* clockIdentity and portNumber */
  PTP_FLAG_TWO_STEP = 0x02, /* first octet of flagField */
  PTP_FLAG_UNICAST = 0x04,
  PTP_FRAME_MAX_OCTETS = 256,
  ETHER_OCTETS = 14,
  IPV4_OCTETS = 20,
  IPV6_OCTETS = 40,
  UDP_OCTETS = 8,
  UDP_PTP_EVENT = 319,
  UDP_PTP_GENERAL = 320,
};

enum transport { TRANSPORT_L2, TRANSPORT_UDPV4, TRANSPORT_UDPV6 };

/* Where a frame comes from, or, for unicast, goes to. */
struct station {
  uint8_t mac[6];
  uint8_t ipv4[4];
  uint8_t ipv6[16];
};

struct ptp_frame {
  uint8_t octets[PTP_FRAME_MAX_OCTETS];
  uint16_t count;
  uint16_t ptp_at; /* where the PTP message begins */
};

/* A PTP message found in a frame; the pointers are into that frame. */
struct ptp_view {
  const uint8_t *message;
  size_t octets; /* messageLength */
  enum transport transport;
  struct station source;
  bool is_unicast;
};

static inline void put16(uint8_t *at, uint16_t value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

static inline void put32(uint8_t *at, uint32_t value) {
  put16(at, (uint16_t)(value >> 16));
  put16(at + 2, (uint16_t)value);
}

static inline void put64(uint8_t *at, uint64_t value) {
  put32(at, (uint32_t)(value >> 32));
  put32(at + 4, (uint32_t)value);
}

static inline uint16_t get16(const uint8_t *at) {
  return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t get32(const uint8_t *at) {
  return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static inline uint64_t get64(const uint8_t *at) {
  return (uint64_t)get32(at) << 32 | get32(at + 4);
}

/* Timestamp: 48 bits of seconds, 32 of nanoseconds (5.3.3). */
static inline void put_timestamp(uint8_t *at, uint64_t time_ns) {
  const uint64_t seconds = time_ns / 1000000000u;
  put16(at, (uint16_t)(seconds >> 32));
  put32(at + 2, (uint32_t)seconds);
  put32(at + 6, (uint32_t)(time_ns % 1000000000u));
}

static inline int64_t get_timestamp_ns(const uint8_t *at) {
  const uint64_t seconds = (uint64_t)get16(at) << 32 | get32(at + 2);
  return (int64_t)(seconds * 1000000000u + get32(at + 6));
}

static inline uint8_t ptp_type_of(const uint8_t *message) {
  return message[0] & 0xF;
}

static inline bool ptp_is_event(uint8_t type) {
  return type < 8;
}

static inline bool ptp_is_peer_delay(uint8_t type) {
  return type == PTP_PDELAY_REQ || type == PTP_PDELAY_RESP || type == PTP_PDELAY_RESP_FOLLOW_UP;
}

static inline uint16_t ptp_octets_of(uint8_t type) {
  switch (type) {
  case PTP_PDELAY_REQ:
  case PTP_PDELAY_RESP:
  case PTP_PDELAY_RESP_FOLLOW_UP:
  case PTP_DELAY_RESP:
    return 54;
  case PTP_ANNOUNCE:
    return 64;
  case PTP_MANAGEMENT:
    return 54; /* with an empty management TLV */
  default:
    return 44;
  }
}

/* controlField of version 2 messages (13.3.2.13). */
static inline uint8_t ptp_control_of(uint8_t type) {
  switch (type) {
  case PTP_SYNC:
    return 0;
  case PTP_DELAY_REQ:
    return 1;
  case PTP_FOLLOW_UP:
    return 2;
  case PTP_DELAY_RESP:
    return 3;
  case PTP_MANAGEMENT:
    return 4;
  default:
    return 5;
  }
}

/* One's complement sum, not folded; an odd last octet is padded. */
static inline uint32_t checksum_add(uint32_t sum, const uint8_t *octets, size_t count) {
  for (size_t i = 0; i + 1 < count; i += 2) {
    sum += get16(octets + i);
  }
  return count % 2 == 0 ? sum : sum + (uint32_t)(octets[count - 1] << 8);
}

static inline uint16_t checksum_fold(uint32_t sum) {
  sum = (sum & 0xFFFF) + (sum >> 16);
  sum = (sum & 0xFFFF) + (sum >> 16);
  return (uint16_t)~sum;
}

static inline size_t ptp_offset_of(enum transport transport) {
  switch (transport) {
  case TRANSPORT_UDPV4:
    return ETHER_OCTETS + IPV4_OCTETS + UDP_OCTETS;
  case TRANSPORT_UDPV6:
    return ETHER_OCTETS + IPV6_OCTETS + UDP_OCTETS;
  case TRANSPORT_L2:
  default:
    return ETHER_OCTETS;
  }
}

/* The group that a message of this type goes to. */
static inline struct station ptp_group(enum transport transport, uint8_t type) {
  const bool is_link_local = ptp_is_peer_delay(type);
  struct station to = {
      .ipv4 = {224, 0, is_link_local ? 0 : 1, is_link_local ? 107 : 129},
      .ipv6 = {0xFF, is_link_local ? 0x02 : 0x0E, [14] = is_link_local ? 0x00 : 0x01,
               [15] = is_link_local ? 0x6B : 0x81},
  };
  if (transport == TRANSPORT_L2) {
    static const uint8_t macs[2][6] = {{0x01, 0x1B, 0x19, 0, 0, 0}, {0x01, 0x80, 0xC2, 0, 0, 0x0E}};
    memcpy(to.mac, macs[is_link_local ? 1 : 0], 6);
  } else if (transport == TRANSPORT_UDPV4) {
    const uint8_t mac[6] = {0x01, 0x00, 0x5E, 0, to.ipv4[2], to.ipv4[3]};
    memcpy(to.mac, mac, 6);
  } else {
    const uint8_t mac[6] = {0x33, 0x33, 0, 0, to.ipv6[14], to.ipv6[15]};
    memcpy(to.mac, mac, 6);
  }
  return to;
}

/* Writes UDP's checksum, pseudo header included; never 0, which would mean that there is none. */
static inline void udp_seal(struct ptp_frame *frame, enum transport transport) {
  uint8_t *udp = frame->octets + frame->ptp_at - UDP_OCTETS;
  const size_t udp_octets = (size_t)(frame->count - frame->ptp_at) + UDP_OCTETS;
  const uint8_t *ip = frame->octets + ETHER_OCTETS;
  put16(udp + 6, 0);
  uint32_t sum =
      transport == TRANSPORT_UDPV4 ? checksum_add(0, ip + 12, 8) : checksum_add(0, ip + 8, 32);
  sum = checksum_add(sum + 17 + (uint32_t)udp_octets, udp, udp_octets);
  const uint16_t checksum = checksum_fold(sum);
  put16(udp + 6, checksum == 0 ? 0xFFFF : checksum);
}

/* To be called when the message is complete, and again after each change to it. */
static inline void ptp_seal(struct ptp_frame *frame, enum transport transport) {
  if (transport != TRANSPORT_L2) {
    udp_seal(frame, transport);
  }
}

/*
 * Begins a frame with a message of the usual length for its type; `to` NULL: multicast. The body
 * behind the common header is zeros. The caller completes it and calls ptp_seal.
 */
static inline uint8_t *ptp_begin(struct ptp_frame *frame, enum transport transport,
                                 const struct station *from, const struct station *to,
                                 uint8_t type) {
  const struct station group = ptp_group(transport, type);
  const struct station *target = to == NULL ? &group : to;
  const uint16_t message_octets = ptp_octets_of(type);
  const size_t at = ptp_offset_of(transport);
  memset(frame, 0, sizeof *frame);
  frame->ptp_at = (uint16_t)at;
  frame->count = (uint16_t)(at + message_octets);
  uint8_t *octets = frame->octets;
  memcpy(octets, target->mac, 6);
  memcpy(octets + 6, from->mac, 6);
  uint8_t *ip = octets + ETHER_OCTETS;
  if (transport == TRANSPORT_L2) {
    put16(octets + 12, 0x88F7);
  } else if (transport == TRANSPORT_UDPV4) {
    put16(octets + 12, 0x0800);
    ip[0] = 0x45;
    put16(ip + 2, (uint16_t)(IPV4_OCTETS + UDP_OCTETS + message_octets));
    ip[8] = 1;
    ip[9] = 17;
    memcpy(ip + 12, from->ipv4, 4);
    memcpy(ip + 16, target->ipv4, 4);
    put16(ip + 10, checksum_fold(checksum_add(0, ip, IPV4_OCTETS)));
  } else {
    put16(octets + 12, 0x86DD);
    ip[0] = 0x60;
    put16(ip + 4, (uint16_t)(UDP_OCTETS + message_octets));
    ip[6] = 17;
    ip[7] = 1;
    memcpy(ip + 8, from->ipv6, 16);
    memcpy(ip + 24, target->ipv6, 16);
  }
  if (transport != TRANSPORT_L2) {
    uint8_t *udp = octets + at - UDP_OCTETS;
    const uint16_t port = ptp_is_event(type) ? UDP_PTP_EVENT : UDP_PTP_GENERAL;
    put16(udp, port);
    put16(udp + 2, port);
    put16(udp + 4, (uint16_t)(UDP_OCTETS + message_octets));
  }
  uint8_t *message = octets + at;
  message[0] = type;
  message[1] = 2;
  put16(message + 2, message_octets);
  message[6] = to == NULL ? 0 : PTP_FLAG_UNICAST;
  message[32] = ptp_control_of(type);
  message[33] = 0x7F;
  return message;
}

/* The EUI-64 of a MAC, as ptp4l makes its clockIdentity, and a portNumber. */
static inline void put_identity(uint8_t *at, const uint8_t mac[6], uint16_t port_number) {
  memcpy(at, mac, 3);
  at[3] = 0xFF;
  at[4] = 0xFE;
  memcpy(at + 5, mac + 3, 3);
  put16(at + 8, port_number);
}

static inline int64_t ptp_correction(const uint8_t *message) {
  return (int64_t)get64(message + 8);
}

static inline const uint8_t *find_udp(const uint8_t *octets, size_t count, struct ptp_view *out) {
  const uint8_t *ip = octets + ETHER_OCTETS;
  const uint16_t ether_type = get16(octets + 12);
  if (ether_type == 0x0800 && count >= ETHER_OCTETS + IPV4_OCTETS + UDP_OCTETS && ip[0] == 0x45 &&
      ip[9] == 17) {
    out->transport = TRANSPORT_UDPV4;
    memcpy(out->source.ipv4, ip + 12, 4);
    return ip + IPV4_OCTETS;
  }
  if (ether_type == 0x86DD && count >= ETHER_OCTETS + IPV6_OCTETS + UDP_OCTETS && ip[6] == 17) {
    out->transport = TRANSPORT_UDPV6;
    memcpy(out->source.ipv6, ip + 8, 16);
    return ip + IPV6_OCTETS;
  }
  return NULL;
}

/* Finds a complete version 2 message in a frame whose VLAN tags the kernel has taken out. */
static inline bool ptp_find(const uint8_t *octets, size_t count, struct ptp_view *out) {
  *out = (struct ptp_view){.transport = TRANSPORT_L2};
  if (count < ETHER_OCTETS + PTP_HEADER_OCTETS) {
    return false;
  }
  memcpy(out->source.mac, octets + 6, 6);
  out->is_unicast = (octets[0] & 1) == 0;
  const uint8_t *message = octets + ETHER_OCTETS;
  if (get16(octets + 12) != 0x88F7) {
    const uint8_t *udp = find_udp(octets, count, out);
    if (udp == NULL || (get16(udp + 2) != UDP_PTP_EVENT && get16(udp + 2) != UDP_PTP_GENERAL)) {
      return false;
    }
    message = udp + UDP_OCTETS;
  }
  const size_t left = count - (size_t)(message - octets);
  if (left < PTP_HEADER_OCTETS || (message[1] & 0xF) != 2) {
    return false;
  }
  out->message = message;
  out->octets = get16(message + 2);
  return out->octets >= PTP_HEADER_OCTETS && out->octets <= left &&
         out->octets >= ptp_octets_of(ptp_type_of(message));
}

/* True where the IPv4 header's and the UDP checksum hold; a UDP checksum of 0 over IPv4 holds. */
static inline bool ptp_checksums_hold(const uint8_t *octets, size_t count,
                                      const struct ptp_view *view) {
  if (view->transport == TRANSPORT_L2) {
    return true;
  }
  const uint8_t *ip = octets + ETHER_OCTETS;
  const uint8_t *udp = view->message - UDP_OCTETS;
  const size_t udp_octets = get16(udp + 4);
  const bool is_v4 = view->transport == TRANSPORT_UDPV4;
  if (udp_octets < UDP_OCTETS || (size_t)(udp - octets) + udp_octets > count) {
    return false;
  }
  if (is_v4 && checksum_fold(checksum_add(0, ip, IPV4_OCTETS)) != 0) {
    return false;
  }
  if (get16(udp + 6) == 0) {
    return is_v4;
  }
  uint32_t sum = is_v4 ? checksum_add(0, ip + 12, 8) : checksum_add(0, ip + 8, 32);
  sum += 17 + (uint32_t)udp_octets;
  return checksum_fold(checksum_add(sum, udp, udp_octets)) == 0;
}

#endif
