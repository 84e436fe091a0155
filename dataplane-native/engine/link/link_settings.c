/*
 * link_settings.c - see link_settings.h; SIOCSHWTSTAMP is in the kernel's
 * Documentation/networking/timestamping.rst.
 */
#include "link/link_settings.h"

#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "link/ethtool.h"
#include "link/packet_socket.h"

struct remark {
  char *text;
  uint32_t octets;
};

/* One sentence after the other. */
__attribute__((format(printf, 2, 3))) static void add_remark(struct remark *remark,
                                                             const char *format, ...) {
  const size_t used = strlen(remark->text);
  const char *separator = used == 0 ? "" : "; ";
  char sentence[160];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(sentence, sizeof sentence, format, arguments);
  va_end(arguments);
  snprintf(remark->text + used, remark->octets - used, "%s%s", separator, sentence);
}

/* 0 or -errno; -EOPNOTSUPP where the driver cannot tell how it is set. */
static int read_stamping(const struct tp_system_calls *calls, const char *interface,
                         struct hwtstamp_config *out) {
  memset(out, 0, sizeof *out);
  return calls->control_interface(calls->context, interface, SIOCGHWTSTAMP, out);
}

static int write_stamping(const struct tp_system_calls *calls, const char *interface,
                          struct hwtstamp_config config) {
  return calls->control_interface(calls->context, interface, SIOCSHWTSTAMP, &config);
}

/* Whether a card that was asked for `wanted` and does `given` stamps all that was asked for. */
static bool is_enough(struct hwtstamp_config given, int32_t wanted) {
  return given.tx_type == HWTSTAMP_TX_ON &&
         (given.rx_filter == HWTSTAMP_FILTER_ALL || given.rx_filter == wanted);
}

/* Lets the card stamp. 0 or -errno; what was set before goes to `before` if that is changed. */
static int turn_stamping_on(const struct tp_system_calls *calls, const char *interface,
                            int32_t filter, uint64_t before[TP_LINK_SETTING_COUNT]) {
  struct hwtstamp_config old;
  const int result = read_stamping(calls, interface, &old);
  if (result == 0 && is_enough(old, filter)) {
    return 0;
  }
  /* Without knowing better: nothing was stamped. */
  const int written = write_stamping(
      calls, interface, (struct hwtstamp_config){.tx_type = HWTSTAMP_TX_ON, .rx_filter = filter});
  if (written == 0) {
    before[TP_LINK_STAMPING_CHANGED] = 1;
    before[TP_LINK_STAMPING_FLAGS] = (uint64_t)(uint32_t)old.flags;
    before[TP_LINK_STAMPING_TRANSMIT] = (uint64_t)(uint32_t)old.tx_type;
    before[TP_LINK_STAMPING_RECEIVE] = (uint64_t)(uint32_t)old.rx_filter;
  }
  return written;
}

/* TP_LINK_SOFTWARE, TP_LINK_HARDWARE, or TP_E_SYSTEM with a remark. */
static int settle_stamps(const struct tp_system_calls *calls, const char *interface,
                         uint32_t stamps, uint64_t before[TP_LINK_SETTING_COUNT],
                         struct remark *remark) {
  if (stamps == TP_LINK_STAMPS_SOFTWARE) {
    return TP_LINK_SOFTWARE;
  }
  const struct tp_stamping stamping = tp_ethtool_stamping(calls, interface);
  const char *why_not = stamping.why_not;
  if (stamping.is_possible) {
    const int fd = calls->open_clock(calls->context, stamping.clock_number);
    int result = fd < 0 ? fd : 0;
    if (fd >= 0) {
      calls->close_clock(calls->context, fd);
      result = turn_stamping_on(calls, interface, stamping.receive_filter, before);
    }
    if (result == 0) {
      return TP_LINK_HARDWARE;
    }
    add_remark(remark, "%s: %s",
               fd < 0 ? "the card's PTP clock cannot be opened"
                      : "the card cannot be told to stamp",
               strerror(-result));
  }
  if (why_not != NULL && stamps == TP_LINK_STAMPS_HARDWARE) {
    add_remark(remark, "%s", why_not);
  }
  return stamps == TP_LINK_STAMPS_HARDWARE ? TP_E_SYSTEM : TP_LINK_SOFTWARE;
}

int tp_link_settings_settle(const struct tp_system_calls *calls, const char *interface, uint32_t io,
                            uint32_t stamps, uint64_t before[TP_LINK_SETTING_COUNT], char *text,
                            uint32_t text_octets) {
  struct remark remark = {.text = text, .octets = text_octets};
  memset(before, 0, TP_LINK_SETTING_COUNT * sizeof *before);
  text[0] = 0;
  if (io > TP_PORT_IO_XDP || stamps > TP_LINK_STAMPS_HARDWARE || text_octets < 2) {
    return TP_E_OUT_OF_RANGE;
  }
  const int chosen = settle_stamps(calls, interface, stamps, before, &remark);
  if (chosen < 0) {
    return chosen;
  }
  const uint32_t kinds = TP_OFFLOADS_MERGING | (io == TP_PORT_IO_XDP ? TP_OFFLOADS_TAGS : 0);
  uint32_t turned_off;
  const int result = tp_offloads_turn_off(calls, interface, kinds, &turned_off);
  before[TP_LINK_OFFLOADS] = turned_off;
  if (result != 0) {
    add_remark(&remark, "offloads that change frames cannot be turned off: %s", strerror(-result));
  }
  return chosen;
}

int tp_link_settings_restore(const struct tp_system_calls *calls, const char *interface,
                             const uint64_t before[TP_LINK_SETTING_COUNT]) {
  int result = 0;
  if (before[TP_LINK_STAMPING_CHANGED] != 0) {
    result = write_stamping(calls, interface,
                            (struct hwtstamp_config){
                                .flags = (int)before[TP_LINK_STAMPING_FLAGS],
                                .tx_type = (int)before[TP_LINK_STAMPING_TRANSMIT],
                                .rx_filter = (int)before[TP_LINK_STAMPING_RECEIVE],
                            });
  }
  const int offloads = tp_offloads_turn_on(calls, interface, (uint32_t)before[TP_LINK_OFFLOADS]);
  return result == 0 && offloads == 0 ? TP_OK : TP_E_SYSTEM;
}

int tp_link_settle(const char *interface, uint32_t io, uint32_t stamps, uint64_t *before,
                   char *remark, uint32_t remark_octets) {
  struct tp_interface found;
  if (!tp_interface_find(interface, &found)) {
    return TP_E_NO_SUCH_INTERFACE;
  }
  const int chosen =
      tp_link_settings_settle(&tp_kernel, interface, io, stamps, before, remark, remark_octets);
  before[TP_LINK_INDEX] = found.ifindex;
  return chosen;
}

int tp_link_restore(const char *interface, const uint64_t *before) {
  struct tp_interface found;
  if (!tp_interface_find(interface, &found) || found.ifindex != before[TP_LINK_INDEX]) {
    return TP_E_NO_SUCH_INTERFACE;
  }
  return tp_link_settings_restore(&tp_kernel, interface, before);
}
