/*
 * timing.p4: what a port adds to a correction beside residence.
 *
 *   ingressLatency, egressLatency   from the wire to the timestamp and back (IEEE 1588-2019, 7.3.4.2):
 *                                   part of the residence of every event message
 *   delayAsymmetry                  of the link (7.4.2, 11.6): a message from the timeTransmitter
 *                                   takes mean + A, one towards it mean - A
 *
 *   message                       at ingress       at egress
 *   Sync, Pdelay_Resp             + A(ingress)
 *   Delay_Req, Pdelay_Req                          - A(egress)
 *
 * All are 64-bit signed, nanoseconds x 2^16, so that fractions survive; they gather in `adjustment`
 * and go into correctionField together. No entry for a port: nothing to add.
 */
#ifndef TIMEPLANE_TIMING_P4
#define TIMEPLANE_TIMING_P4

#include "types.p4"
#include "residence.p4"

/* messageType, IEEE 1588-2019, table 36. */
const bit<4> MESSAGE_SYNC        = 0x0;
const bit<4> MESSAGE_DELAY_REQ   = 0x1;
const bit<4> MESSAGE_PDELAY_REQ  = 0x2;
const bit<4> MESSAGE_PDELAY_RESP = 0x3;

control ingress_timing(inout metadata_t meta) {
    @id(0x01000601) @name("set_ingress_timing")
    action set_ingress_timing(@id(1) bit<64> latency, @id(2) bit<64> asymmetry) {
        meta.adjustment = latency;
        if (meta.message_type == MESSAGE_SYNC || meta.message_type == MESSAGE_PDELAY_RESP) {
            meta.adjustment = latency + asymmetry;
        }
    }

    @id(0x01000602) @name("no_ingress_timing")
    action no_ingress_timing() {}

    @id(0x02000601) @name("ingress_timing")
    table timing {
        key = { meta.ingress_port : exact @id(1) @name("ingress_port"); }
        actions = { set_ingress_timing; @defaultonly no_ingress_timing; }
        const default_action = no_ingress_timing();
        size = 512;
    }

    apply {
        timing.apply();
    }
}

control egress_timing(inout metadata_t meta, in port_number_t egress_port) {
    /* residence_limit_ns 0: none. */
    @id(0x01000603) @name("set_egress_timing")
    action set_egress_timing(@id(1) bit<64> latency, @id(2) bit<64> asymmetry,
                             @id(3) bit<64> residence_limit_ns) {
        meta.residence_limit_ns = residence_limit_ns;
        if (meta.message_type == MESSAGE_DELAY_REQ || meta.message_type == MESSAGE_PDELAY_REQ) {
            meta.adjustment = meta.adjustment + latency - asymmetry;
        } else {
            meta.adjustment = meta.adjustment + latency;
        }
    }

    @id(0x01000604) @name("no_egress_timing")
    action no_egress_timing() {}

    @id(0x02000602) @name("egress_timing")
    table timing {
        key = { egress_port : exact @id(1) @name("egress_port"); }
        actions = { set_egress_timing; @defaultonly no_egress_timing; }
        const default_action = no_egress_timing();
        size = 512;
    }

    apply {
        timing.apply();
    }
}

/* correctionField + adjustment, both signed, saturating; "too big" stays so (13.3.2.9). */
control adjust_correction(inout headers_t hdr, in bit<64> adjustment) {
    apply {
        bit<64> before = hdr.ptp.correction_field;
        if (adjustment != 0 && before != CORRECTION_TOO_BIG) {
            bit<64> sum = before + adjustment;
            if (before[63:63] == adjustment[63:63] && sum[63:63] != before[63:63]) {
                sum = CORRECTION_TOO_BIG;
                if (before[63:63] == 1) {
                    sum = CORRECTION_TOO_SMALL;
                }
            }
            hdr.ptp.correction_field = sum;
            if (hdr.udp.isValid() && hdr.udp.checksum != 0) {
                update_udp_checksum.apply(hdr.udp.checksum, before, sum);
            }
        }
    }
}

#endif
