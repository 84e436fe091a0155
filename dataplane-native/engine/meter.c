/* meter.c - configuring meters. See meter.h for what they do. */
#include "meter.h"

#include <string.h>

#include "engine.h"

static struct tp_bucket full_bucket(uint64_t rate, uint64_t burst) {
  return (struct tp_bucket){
      .level = (tp_u128)burst * TP_METER_NS_PER_S, .rate = rate, .burst = burst};
}

int tp_meter_configure(struct tp_meter *meter, const uint64_t *words) {
  if (words == NULL) {
    memset(meter, 0, sizeof *meter);
    return TP_OK;
  }
  for (uint32_t i = 0; i < TP_METER_WORDS; i++) {
    if (words[i] >= TP_METER_LIMIT) {
      return TP_E_OUT_OF_RANGE;
    }
  }
  if (words[TP_METER_PEAK_RATE] < words[TP_METER_COMMITTED_RATE]) {
    return TP_E_OUT_OF_RANGE;
  }
  *meter = (struct tp_meter){
      .committed = full_bucket(words[TP_METER_COMMITTED_RATE], words[TP_METER_COMMITTED_BURST]),
      .peak = full_bucket(words[TP_METER_PEAK_RATE], words[TP_METER_PEAK_BURST]),
      .is_configured = true,
  };
  return TP_OK;
}

int tp_meter_configuration(const struct tp_meter *meter, uint64_t *words) {
  words[TP_METER_COMMITTED_RATE] = meter->committed.rate;
  words[TP_METER_COMMITTED_BURST] = meter->committed.burst;
  words[TP_METER_PEAK_RATE] = meter->peak.rate;
  words[TP_METER_PEAK_BURST] = meter->peak.burst;
  return meter->is_configured ? 1 : 0;
}
