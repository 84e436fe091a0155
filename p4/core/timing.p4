/*
 * timing.p4: what a port adds to a correction beside residence.
 *
 *   ingressLatency, egressLatency   from the wire to the timestamp and back (IEEE 1588-2019, 7.3.4.2):
 *                                   part of the residence of every event message
 *   delayAsymmetry                  of the link (7.4.2, 11.6): a message from the timeTransmitter
 *                                   takes mean + A, one towards it mean - A
 *
 *   meanLinkDelay                   of the link that a Sync came in by, on a peer-to-peer port (10.3)
 *
 *   message                       at ingress                          at egress
 *   Sync                          + A(ingress), + meanLinkDelay
 *   Pdelay_Resp                   + A(ingress)
 *   Delay_Req, Pdelay_Req                                             - A(egress)
 *
 * All are 64-bit signed, nanoseconds x 2^16, so that fractions survive; they gather in `adjustment`
 * and go into correctionField, or into what is recorded, together. No entry for a port: nothing to
 * add, one-step.
 */
#ifndef TIMEPLANE_TIMING_P4
#define TIMEPLANE_TIMING_P4

#include "types.p4"

control ingress_timing(inout metadata_t meta) {
    @id(0x01000601) @name("set_ingress_timing")
    action set_ingress_timing(@id(1) scaled_ns_t latency, @id(2) scaled_ns_t asymmetry,
                              @id(3) scaled_ns_t mean_link_delay, @id(4) bit<1> two_step) {
        meta.adjustment = latency;
        meta.responses_recorded = two_step;
        if (meta.message_type == MESSAGE_SYNC || meta.message_type == MESSAGE_PDELAY_RESP) {
            meta.adjustment = meta.adjustment + asymmetry;
        }
        if (meta.message_type == MESSAGE_SYNC && meta.ptp_mode == PTP_MODE_TRANSPARENT_P2P) {
            meta.adjustment = meta.adjustment + mean_link_delay;
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
    action set_egress_timing(@id(1) scaled_ns_t latency, @id(2) scaled_ns_t asymmetry,
                             @id(3) bit<64> residence_limit_ns, @id(4) bit<1> two_step) {
        meta.residence_limit_ns = residence_limit_ns;
        meta.two_step = two_step;
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

/* The grandmaster's rate against this clock's, by which residence counts (7.3.4.1). */
control syntonize(in headers_t hdr, inout metadata_t meta) {
    @id(0x01000605) @name("set_rate_offset")
    action set_rate_offset(@id(1) rate_offset_t rate_offset) {
        meta.rate_offset = rate_offset;
    }

    @id(0x01000606) @name("free_rate")
    action free_rate() {}

    @id(0x02000603) @name("syntonization")
    table syntonization {
        key = {
            (hdr.ptp.major_sdo_id ++ hdr.ptp.minor_sdo_id) : exact @id(1) @name("sdo_id");
            hdr.ptp.domain_number : exact @id(2) @name("domain_number");
        }
        actions = { set_rate_offset; @defaultonly free_rate; }
        const default_action = free_rate();
        size = 256;
    }

    apply {
        syntonization.apply();
    }
}

#endif
