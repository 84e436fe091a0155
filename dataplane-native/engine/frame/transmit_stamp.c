/* transmit_stamp.c - see transmit_stamp.h. */
#include "frame/transmit_stamp.h"

#include <string.h>

#include "engine_state.h"
#include "frame/checksum.h"

#define CORRECTION_LIMIT INT64_MAX
/* Samples that the latency to expect is the median of. */
#define NEIGHBOURS    15u
#define FRACTION_BITS 16
#define RATE_BITS     41

static bool is_inside(const struct tp_packet *packet, uint32_t offset, uint32_t octets) {
  return offset + octets <= packet->length;
}

/* In 2^-16 ns; more than a correctionField may hold when the residence is near 2^47 ns. */
static uint64_t in_master_time(uint64_t residence_ns, int32_t rate_offset) {
  if (rate_offset == 0) {
    return residence_ns << FRACTION_BITS;
  }
  const uint64_t rate = (UINT64_C(1) << RATE_BITS) + (uint64_t)(int64_t)rate_offset;
  return (uint64_t)(((tp_u128)residence_ns * rate) >> (RATE_BITS - FRACTION_BITS));
}

enum tp_correction_result tp_correct(struct tp_packet *packet, uint64_t transmit_ns) {
  const struct tp_deferred_correction deferred = packet->deferred;
  const uint64_t residence_ns = (transmit_ns - deferred.start_ns) & TP_TIME_MASK;
  if (residence_ns >> 47 != 0 || !is_inside(packet, deferred.correction_offset, 8) ||
      (deferred.checksum_offset != 0 && !is_inside(packet, deferred.checksum_offset, 2))) {
    return TP_CORRECTION_LOST;
  }
  uint8_t *field = packet->data + deferred.correction_offset;
  const uint64_t before = tp_load64(field);
  int64_t sum;
  if (__builtin_add_overflow((int64_t)before, in_master_time(residence_ns, deferred.rate_offset),
                             &sum)) {
    sum = CORRECTION_LIMIT; /* the residence is positive: only the upper limit can be passed */
  }
  tp_store64(field, (uint64_t)sum);
  if (deferred.checksum_offset != 0) {
    uint8_t *stored = packet->data + deferred.checksum_offset;
    const uint16_t checksum = tp_load16(stored);
    if (checksum != 0) { /* 0: the sender computed none */
      const bool odd = (deferred.correction_offset - deferred.checksum_offset) % 2 != 0;
      const uint16_t mended = tp_checksum_mend(checksum, before, (uint64_t)sum, odd);
      tp_store16(stored, mended == 0 ? 0xffff : mended);
    }
  }
  return sum == CORRECTION_LIMIT ? TP_CORRECTION_SATURATED : TP_CORRECTION_DONE;
}

static enum tp_transmit_result transmit_corrected(struct tp_port *port, struct tp_packet *packet,
                                                  int64_t latency_ns) {
  const struct tp_engine *engine = port->engine;
  const struct tp_deferred_correction deferred = packet->deferred;
  uint8_t saved_field[8] = {0};
  uint8_t saved_checksum[2] = {0};
  if (is_inside(packet, deferred.correction_offset, 8) &&
      is_inside(packet, deferred.checksum_offset, 2)) {
    memcpy(saved_field, packet->data + deferred.correction_offset, 8);
    memcpy(saved_checksum, packet->data + deferred.checksum_offset, 2);
  }
  const uint64_t instant_ns = tp_clock_now_ns(&engine->clock);
  const enum tp_correction_result result = tp_correct(packet, instant_ns + (uint64_t)latency_ns);
  if (result == TP_CORRECTION_LOST) {
    tp_port_count(port, TP_PORT_TX_CORRECTION_LOST, 1);
    tp_pool_give(&port->loop->pool, packet);
    return TP_TRANSMIT_DONE;
  }
  if (port->ops->transmit_event(port, packet, instant_ns) == TP_TRANSMIT_LATER) {
    memcpy(packet->data + deferred.correction_offset, saved_field, 8);
    if (deferred.checksum_offset != 0) {
      memcpy(packet->data + deferred.checksum_offset, saved_checksum, 2);
    }
    return TP_TRANSMIT_LATER;
  }
  tp_port_count(port, TP_PORT_TX_CORRECTED, 1);
  tp_port_count(port, TP_PORT_TX_SATURATED, result == TP_CORRECTION_SATURATED);
  return TP_TRANSMIT_DONE;
}

enum tp_transmit_result tp_send_event(struct tp_port *port, struct tp_packet *packet) {
  const uint32_t preparation_ns =
      port->ops->prepare_event == NULL ? 0 : port->ops->prepare_event(port);
  const int64_t latency_ns = tp_latency_expected(&port->latency, preparation_ns);
  if (packet->deferred.correction_offset != 0) {
    return transmit_corrected(port, packet, latency_ns);
  }
  return port->ops->transmit_event(port, packet, tp_clock_now_ns(&port->engine->clock));
}

/* --- the latency ----------------------------------------------------------------------------- */

/* The first sample by preparation that is not shorter. */
static uint32_t position_of(const struct tp_latency_samples *samples, uint32_t preparation_ns) {
  uint32_t low = 0;
  uint32_t high = samples->count;
  while (low < high) {
    const uint32_t middle = (low + high) / 2;
    if (samples->by_preparation[middle].preparation_ns < preparation_ns) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

static void remove_oldest(struct tp_latency_samples *samples) {
  const struct tp_latency_sample oldest = samples->by_age[samples->oldest];
  uint32_t at = position_of(samples, oldest.preparation_ns);
  while (samples->by_preparation[at].latency_ns != oldest.latency_ns) {
    at++; /* among those of the same preparation */
  }
  samples->count--;
  memmove(&samples->by_preparation[at], &samples->by_preparation[at + 1],
          (samples->count - at) * sizeof samples->by_preparation[0]);
}

static void sort(int64_t *values, uint32_t count) {
  for (uint32_t i = 1; i < count; i++) {
    const int64_t value = values[i];
    uint32_t at = i;
    for (; at > 0 && values[at - 1] > value; at--) {
      values[at] = values[at - 1];
    }
    values[at] = value;
  }
}

/* The median latency of the samples whose preparation took nearest as long; there is one at least.
 */
static int64_t median_near(const struct tp_latency_samples *samples, uint32_t preparation_ns) {
  int64_t near[NEIGHBOURS];
  const uint32_t count = samples->count < NEIGHBOURS ? samples->count : NEIGHBOURS;
  const uint32_t position = position_of(samples, preparation_ns);
  const uint32_t wanted = position > count / 2 ? position - count / 2 : 0;
  const uint32_t first = wanted + count > samples->count ? samples->count - count : wanted;
  for (uint32_t i = 0; i < count; i++) {
    near[i] = samples->by_preparation[first + i].latency_ns;
  }
  sort(near, count);
  return near[count / 2];
}

static void add_sample(struct tp_latency *latency, struct tp_latency_sample sample) {
  struct tp_latency_samples *samples =
      sample.preparation_ns == 0 ? &latency->unprepared : &latency->prepared;
  if (samples->count == TP_LATENCY_SAMPLES) {
    remove_oldest(samples);
  }
  const uint32_t at = position_of(samples, sample.preparation_ns);
  memmove(&samples->by_preparation[at + 1], &samples->by_preparation[at],
          (samples->count - at) * sizeof samples->by_preparation[0]);
  samples->by_preparation[at] = sample;
  samples->count++;
  samples->by_age[samples->oldest] = sample;
  samples->oldest = (samples->oldest + 1) % TP_LATENCY_SAMPLES;
  latency->samples_total++;
  if (samples == &latency->unprepared) {
    latency->unprepared_ns = median_near(samples, 0); /* here, and not for every frame of a train */
  }
}

int64_t tp_latency_expected(struct tp_latency *latency, uint32_t preparation_ns) {
  const uint32_t prepared = latency->prepared.count;
  const uint32_t unprepared = latency->unprepared.count;
  latency->preparation_ns = preparation_ns;
  if (latency->is_fixed || prepared + unprepared == 0) {
    return latency->applied_ns;
  }
  /* Better the other kind's than none. */
  const bool is_prepared = unprepared == 0 || (preparation_ns != 0 && prepared != 0);
  latency->applied_ns =
      is_prepared ? median_near(&latency->prepared, preparation_ns) : latency->unprepared_ns;
  return latency->applied_ns;
}

void tp_latency_fix(struct tp_latency *latency, int64_t latency_ns) {
  latency->is_fixed = latency_ns >= 0;
  latency->applied_ns = latency->is_fixed ? latency_ns : 0;
}

/* One figure of every sample, in order; how many. */
static uint32_t gather(const struct tp_latency *latency, bool is_miss,
                       int64_t out[2 * TP_LATENCY_SAMPLES]) {
  const struct tp_latency_samples *sets[] = {&latency->prepared, &latency->unprepared};
  uint32_t count = 0;
  for (uint32_t set = 0; set < 2; set++) {
    for (uint32_t i = 0; i < sets[set]->count; i++) {
      const struct tp_latency_sample *sample = &sets[set]->by_age[i];
      out[count++] = is_miss ? (int64_t)sample->missed_ns : (int64_t)sample->latency_ns;
    }
  }
  sort(out, count);
  return count;
}

void tp_latency_report(const struct tp_latency *latency, int64_t out[5]) {
  int64_t sorted[2 * TP_LATENCY_SAMPLES];
  const uint32_t count = gather(latency, false, sorted);
  out[0] = latency->applied_ns;
  out[1] = (int64_t)latency->samples_total;
  out[2] = count == 0 ? 0 : sorted[count / 2];
  out[3] = count == 0 ? 0 : sorted[count * 99 / 100];
  out[4] = count == 0 ? 0 : sorted[count - 1];
}

void tp_latency_report_misses(const struct tp_latency *latency, int64_t out[2]) {
  int64_t sorted[2 * TP_LATENCY_SAMPLES];
  const uint32_t count = gather(latency, true, sorted);
  out[0] = count == 0 ? 0 : sorted[count / 2];
  out[1] = count == 0 ? 0 : sorted[count * 99 / 100];
}

/* --- stamps ---------------------------------------------------------------------------------- */

/* A slot's stamp will not be waited for any more. */
static void give_up(struct tp_port *port, struct tp_outstanding_stamp *slot) {
  tp_port_count(port, TP_PORT_TX_STAMPS_MISSING, 1);
  if (slot->packet != NULL) {
    tp_event_lost(port, slot->packet);
  }
  *slot = (struct tp_outstanding_stamp){0};
  port->latency.waiting_count--;
}

void tp_stamp_expect(struct tp_port *port, struct tp_packet *packet, uint64_t instant_ns) {
  struct tp_latency *latency = &port->latency;
  const uint32_t id = latency->next_id++;
  struct tp_outstanding_stamp *slot = &latency->outstanding[id % TP_LATENCY_SAMPLES];
  if (slot->waiting) {
    give_up(port, slot);
  }
  *slot = (struct tp_outstanding_stamp){.instant_ns = instant_ns,
                                        .id = id,
                                        .waiting = true,
                                        .preparation_ns = latency->preparation_ns,
                                        .expected_ns = (int32_t)latency->applied_ns};
  latency->waiting_count++;
  if (packet->event.request == 0) {
    tp_pool_give(&port->loop->pool, packet);
    return;
  }
  port->events.held++;
  port->events.in_slots++;
  if (tp_event_has_room(port)) {
    slot->packet = packet;
  } else {
    tp_event_lost(port, packet);
  }
}

void tp_stamp_arrived(struct tp_port *port, uint32_t id, uint64_t stamp_ns) {
  struct tp_latency *latency = &port->latency;
  struct tp_outstanding_stamp *slot = &latency->outstanding[id % TP_LATENCY_SAMPLES];
  if (!slot->waiting || slot->id != id) {
    return; /* late: counted as missing when its slot was taken */
  }
  tp_port_count(port, TP_PORT_TX_STAMPS, 1);
  const int64_t sample_ns = (int64_t)(stamp_ns - slot->instant_ns);
  const bool is_ours = sample_ns > -TP_LATENCY_LIMIT_NS && sample_ns < TP_LATENCY_LIMIT_NS;
  if (is_ours) {
    const int64_t missed_ns = sample_ns - slot->expected_ns;
    add_sample(latency, (struct tp_latency_sample){
                            .preparation_ns = slot->preparation_ns,
                            .latency_ns = (int32_t)sample_ns,
                            .missed_ns = (uint32_t)(missed_ns < 0 ? -missed_ns : missed_ns)});
  }
  if (slot->packet != NULL && is_ours) {
    tp_event_ready(port, slot->packet, stamp_ns);
  } else if (slot->packet != NULL) {
    tp_event_lost(port, slot->packet); /* no time is better than a wrong one */
  }
  *slot = (struct tp_outstanding_stamp){0};
  latency->waiting_count--;
}

void tp_stamps_expire(struct tp_port *port, uint64_t now_ns) {
  struct tp_latency *latency = &port->latency;
  for (uint32_t i = 0; latency->waiting_count != 0 && i < TP_LATENCY_SAMPLES; i++) {
    struct tp_outstanding_stamp *slot = &latency->outstanding[i];
    const int64_t age_ns = (int64_t)(now_ns - slot->instant_ns);
    const bool is_overdue = age_ns > TP_STAMP_OVERDUE_NS || age_ns < -TP_STAMP_OVERDUE_NS;
    if (slot->waiting && is_overdue) { /* or the clock was stepped */
      give_up(port, slot);
    }
  }
}

void tp_stamps_restart(struct tp_port *port) {
  struct tp_latency *latency = &port->latency;
  for (uint32_t i = 0; latency->waiting_count != 0 && i < TP_LATENCY_SAMPLES; i++) {
    if (latency->outstanding[i].waiting) {
      give_up(port, &latency->outstanding[i]);
    }
  }
  latency->next_id = 0;
}

uint32_t tp_stamps_discard(struct tp_port *port) {
  uint32_t count = 0;
  for (uint32_t i = 0; port->events.in_slots != 0 && i < TP_LATENCY_SAMPLES; i++) {
    struct tp_outstanding_stamp *slot = &port->latency.outstanding[i];
    if (slot->packet != NULL) {
      tp_pool_give(&port->loop->pool, slot->packet);
      slot->packet = NULL;
      port->events.in_slots--;
      count++;
    }
  }
  return count;
}
