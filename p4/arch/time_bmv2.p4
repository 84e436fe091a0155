/*
 * time_bmv2.p4: simple_switch's clock and the TX half in egress.
 *
 * 48-bit microseconds since the switch started. What comes after the egress timestamp - the rest of
 * egress, the deparser, the send - is nobody's residence there: bmv2 proves logic, not accuracy.
 */
#ifndef TIMEPLANE_TIME_BMV2_P4
#define TIMEPLANE_TIME_BMV2_P4

#include "../core/types.p4"
#include "../core/residence.p4"

bit<64> ticks_to_ns(in ticks_t ticks) {
    return (bit<64>) ticks * 1000;
}

control take_receive_time(in headers_t hdr, inout metadata_t meta,
                          in standard_metadata_t standard_metadata) {
    apply {
        meta.receive_ticks = standard_metadata.ingress_global_timestamp;
    }
}

control tx_half(inout headers_t hdr, in metadata_t meta,
                in standard_metadata_t standard_metadata, out bit<64> residence_ns) {
    apply {
        ticks_t ticks = standard_metadata.egress_global_timestamp - meta.residence_start;
        residence_ns = ticks_to_ns(ticks);
        bit<64> before = hdr.ptp.correction_field;
        add_residence.apply(hdr.ptp.correction_field, residence_ns);
        if (hdr.udp.isValid() && hdr.udp.checksum != 0) { /* 0: the sender computed none */
            update_udp_checksum.apply(hdr.udp.checksum, before, hdr.ptp.correction_field);
        }
    }
}

#endif
