/*
 * checksum.h - the Internet checksum: mending it after a change (RFC 1624), and completing one that
 * a sender on the same machine left to its network card.
 */
#ifndef TIMEPLANE_CHECKSUM_H
#define TIMEPLANE_CHECKSUM_H

#include <stdbool.h>
#include <stdint.h>

static inline uint16_t tp_load16(const uint8_t *from) {
  return (uint16_t)(from[0] << 8 | from[1]);
}

static inline void tp_store16(uint8_t *to, uint16_t value) {
  to[0] = (uint8_t)(value >> 8);
  to[1] = (uint8_t)value;
}

static inline uint64_t tp_load64(const uint8_t *from) {
  uint64_t value;
  __builtin_memcpy(&value, from, sizeof value);
  return __builtin_bswap64(value);
}

static inline void tp_store64(uint8_t *to, uint64_t value) {
  value = __builtin_bswap64(value);
  __builtin_memcpy(to, &value, sizeof value);
}

/* 2^16 is 1 in ones' complement sums of 16-bit words, and so are 2^32 and 2^48. */
static inline uint16_t tp_checksum_fold(uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/*
 * The checksum after a 64-bit field changed from `before` to `after`: HC' = ~(~HC + ~m + m'), RFC
 * 1624 (3). `odd` when the field starts at an odd distance from the checksum: its octets then count
 * in each other's place.
 */
static inline uint16_t tp_checksum_mend(uint16_t checksum, uint64_t before, uint64_t after,
                                        bool odd) {
  uint64_t sum = ~before + after;
  sum += sum < after; /* the carry comes around */
  uint16_t change = tp_checksum_fold(sum);
  if (odd) {
    change = (uint16_t)(change << 8 | change >> 8);
  }
  return (uint16_t)~tp_checksum_fold((uint64_t)(uint16_t)~checksum + change);
}

/* The ones' complement sum of octets, as if padded to an even count. */
static inline uint64_t tp_checksum_sum(const uint8_t *octets, uint32_t count) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i + 1 < count; i += 2) {
    sum += tp_load16(octets + i);
  }
  return count % 2 == 0 ? sum : sum + (uint64_t)(octets[count - 1] << 8);
}

/* Where a transport header is, and its pseudo header's sum. */
struct tp_transport {
  uint32_t offset; /* 0: none found */
  uint32_t octets; /* header and payload */
  uint8_t protocol;
  uint64_t pseudo_sum;
};

static inline struct tp_transport tp_find_transport(const uint8_t *frame, uint32_t length) {
  struct tp_transport found = {0};
  uint32_t at = 12;
  uint16_t type = 0;
  for (uint32_t tags = 0; tags <= 2 && at + 2 <= length; tags++, at += 4) {
    type = tp_load16(frame + at);
    if (type != 0x8100 && type != 0x88a8) {
      break;
    }
  }
  at += 2;
  if (type == 0x0800 && at + 20 <= length && frame[at] >> 4 == 4) {
    const uint8_t *ip = frame + at;
    const uint32_t header = (uint32_t)(ip[0] & 0xf) * 4;
    const uint32_t total = tp_load16(ip + 2);
    const bool is_fragment = (tp_load16(ip + 6) & 0x3fff) != 0;
    if (header >= 20 && total > header && at + total <= length && !is_fragment) {
      found.offset = at + header;
      found.octets = total - header;
      found.protocol = ip[9];
      found.pseudo_sum = tp_checksum_sum(ip + 12, 8);
    }
  } else if (type == 0x86dd && at + 40 <= length && frame[at] >> 4 == 6) {
    const uint8_t *ip = frame + at;
    const uint32_t payload = tp_load16(ip + 4);
    if (at + 40 + payload <= length) {
      found.offset = at + 40;
      found.octets = payload;
      found.protocol = ip[6];
      found.pseudo_sum = tp_checksum_sum(ip + 8, 32);
    }
  }
  found.pseudo_sum += (uint64_t)found.protocol + found.octets;
  return found;
}

/*
 * Computes the TCP or UDP checksum of a frame whose sender left it to the hardware. Frames on a
 * veth carry only the pseudo header's sum there: a program that mends checksums would mend garbage.
 * Returns false for what is neither (extension headers, fragments, other protocols).
 */
static inline bool tp_checksum_complete(uint8_t *frame, uint32_t length) {
  const struct tp_transport transport = tp_find_transport(frame, length);
  const bool is_udp = transport.protocol == 17 && transport.octets >= 8;
  const bool is_tcp = transport.protocol == 6 && transport.octets >= 20;
  if (transport.offset == 0 || (!is_udp && !is_tcp)) {
    return false;
  }
  uint8_t *header = frame + transport.offset;
  uint8_t *field = header + (is_udp ? 6 : 16);
  tp_store16(field, 0);
  const uint16_t checksum =
      (uint16_t)~tp_checksum_fold(transport.pseudo_sum + tp_checksum_sum(header, transport.octets));
  tp_store16(field, checksum == 0 && is_udp ? 0xffff : checksum);
  return true;
}

/*
 * Whether a TCP or UDP checksum is only the pseudo header's sum, as a sender leaves it for hardware
 * to complete. One frame in 65536 has such a checksum by right; completing it changes nothing.
 */
static inline bool tp_checksum_is_bare(const uint8_t *frame, uint32_t length) {
  const struct tp_transport transport = tp_find_transport(frame, length);
  const bool is_udp = transport.protocol == 17 && transport.octets >= 8;
  const bool is_tcp = transport.protocol == 6 && transport.octets >= 20;
  if (transport.offset == 0 || (!is_udp && !is_tcp)) {
    return false;
  }
  const uint16_t stored = tp_load16(frame + transport.offset + (is_udp ? 6 : 16));
  return stored == tp_checksum_fold(transport.pseudo_sum);
}

#endif
