/* meter.c - configuring meters. See meter.h for what they do. */
#include "tables/meter.h"

#include <string.h>

#include "engine.h"

static struct tp_bucket full_bucket(uint64_t rate, uint64_t burst) {
  return (struct tp_bucket){
      .level = (tp_u128)burst * TP_METER_NS_PER_S, .rate = rate, .burst = burst};
}

/* The buckets are full and the counts stay. */
static void fill_meter(struct tp_meter *meter, struct tp_bucket committed, struct tp_bucket peak,
                       bool is_single_rate) {
  meter->committed = committed;
  meter->peak = peak;
  meter->filled_ns = 0;
  meter->is_configured = true;
  meter->is_single_rate = is_single_rate;
}

int tp_meter_configure(struct tp_meter *meter, const uint64_t *words) {
  if (words == NULL) {
    fill_meter(meter, full_bucket(0, 0), full_bucket(0, 0), false);
    meter->is_configured = false;
    return TP_OK;
  }
  const uint64_t rate = words[TP_METER_COMMITTED_RATE];
  const uint64_t burst = words[TP_METER_COMMITTED_BURST];
  const bool is_single_rate = words[TP_METER_PEAK_RATE] == TP_METER_SINGLE_RATE;
  const uint64_t peak_rate = is_single_rate ? 0 : words[TP_METER_PEAK_RATE];
  const uint64_t peak_burst = words[TP_METER_PEAK_BURST];
  if (rate >= TP_METER_LIMIT || burst >= TP_METER_LIMIT || peak_rate >= TP_METER_LIMIT ||
      peak_burst >= TP_METER_LIMIT || (!is_single_rate && peak_rate < rate)) {
    return TP_E_OUT_OF_RANGE;
  }
  fill_meter(meter, full_bucket(rate, burst), full_bucket(peak_rate, peak_burst), is_single_rate);
  return TP_OK;
}

int tp_meter_configuration(const struct tp_meter *meter, uint64_t *words) {
  words[TP_METER_COMMITTED_RATE] = meter->committed.rate;
  words[TP_METER_COMMITTED_BURST] = meter->committed.burst;
  words[TP_METER_PEAK_RATE] = meter->is_single_rate ? TP_METER_SINGLE_RATE : meter->peak.rate;
  words[TP_METER_PEAK_BURST] = meter->peak.burst;
  return meter->is_configured ? 1 : 0;
}

void tp_meter_counts(const struct tp_meter *meter, uint64_t *words) {
  for (uint32_t i = 0; i < TP_COLOURS; i++) {
    words[2 * i] = meter->counts[i].packets;
    words[2 * i + 1] = meter->counts[i].octets;
  }
}

void tp_meter_clear_counts(struct tp_meter *meter) {
  memset(meter->counts, 0, sizeof meter->counts);
}
