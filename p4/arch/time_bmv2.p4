/*
 * time_bmv2.p4: simple_switch's clock and the TX half in egress.
 *
 * 48-bit microseconds since the switch started. What comes after the egress timestamp - the rest of
 * egress, the deparser, the send - is nobody's residence there: bmv2 proves logic, not accuracy.
 */
#ifndef TIMEPLANE_TIME_BMV2_P4
#define TIMEPLANE_TIME_BMV2_P4

#include "../core/types.p4"

bit<64> ticks_to_ns(in ticks_t ticks) {
    return (bit<64>) ticks * 1000;
}

/* See two_step.p4. */
const ticks_t RECORD_LIFETIME_TICKS = 2000000;
const ticks_t WAIT_TICKS            = 10000;

#include "v1model_checksum.p4"
#include "../core/residence.p4"

control take_receive_time(in headers_t hdr, inout metadata_t meta,
                          in standard_metadata_t standard_metadata) {
    apply {
        meta.receive_ticks = standard_metadata.ingress_global_timestamp;
    }
}

control tx_half(inout headers_t hdr, inout metadata_t meta, out bit<64> residence_ns) {
    apply {
        ticks_t ticks = meta.egress_ticks - meta.residence_start;
        residence_ns = ticks_to_ns(ticks);
        if (residence_ns[63:47] != 0) {
            bit<64> before = hdr.ptp.correction_field;
            hdr.ptp.correction_field = CORRECTION_TOO_BIG;
            update_udp_checksum.apply(hdr, before, CORRECTION_TOO_BIG);
        } else {
            scaled_ns_t scaled = 0;
            scale_residence.apply(residence_ns, meta.rate_offset, scaled);
            add_to_correction.apply(hdr, scaled);
        }
    }
}

#endif
