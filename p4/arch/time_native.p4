/*
 * time_native.p4: the embedded switch's clock and its deferred TX half.
 *
 * The engine fills timeplane_intrinsic_t: it is valid on every frame and never on the wire. Times
 * are the kernel's or the NIC's, in nanoseconds modulo 2^48. Egress only says where correctionField
 * stands; the engine completes it in the last instruction before the frame leaves.
 */
#ifndef TIMEPLANE_TIME_NATIVE_P4
#define TIMEPLANE_TIME_NATIVE_P4

header timeplane_intrinsic_t {
    bit<48> ingress_time_ns;
    bit<48> egress_time_ns;     /* an estimate: good for statistics */
    bit<48> residence_start_ns;
    bit<16> correction_offset;  /* from the frame's first octet; 0: nothing to correct */
    bit<16> checksum_offset;    /* 0: none to mend */
    bit<32> rate_offset;        /* (rate - 1) x 2^41, signed: residence counts by it */
    bit<8>  event_request;      /* not 0: bring the frame back when its transmit time is known */
    bit<32> wait_ns;            /* not 0: do not send; bring the frame again, after so long at last */
    bit<8>  event;              /* 0: the first pass; else what was requested, or one of these: */
    bit<48> event_time_ns;      /* when the frame left */
    bit<64> event_correction;   /* correctionField as it was sent; 0: not corrected */
}

const bit<8> INTRINSIC_EVENT_AGAIN = 254; /* a frame that waits; something else has left meanwhile */
const bit<8> INTRINSIC_EVENT_LATE  = 255; /* …its time to wait is over */

#define TARGET_HEADERS timeplane_intrinsic_t intrinsic;

#include "../core/types.p4"

bit<64> ticks_to_ns(in ticks_t ticks) {
    return (bit<64>) ticks;
}

/* See two_step.p4. */
const ticks_t RECORD_LIFETIME_TICKS = 2000000000;
const ticks_t WAIT_TICKS            = 10000000;

#include "v1model_checksum.p4"
#include "../core/residence.p4"

control take_receive_time(in headers_t hdr, inout metadata_t meta,
                          in standard_metadata_t standard_metadata) {
    apply {
        meta.receive_ticks = hdr.intrinsic.ingress_time_ns;
    }
}

control tx_half(inout headers_t hdr, inout metadata_t meta, out bit<64> residence_ns) {
    apply {
        ticks_t ticks = meta.egress_ticks - meta.residence_start;
        residence_ns = ticks_to_ns(ticks);
        hdr.intrinsic.residence_start_ns = meta.residence_start;
        hdr.intrinsic.rate_offset = meta.rate_offset;
        hdr.intrinsic.correction_offset = meta.ptp_offset + PTP_CORRECTION_FIELD_OFFSET;
        hdr.intrinsic.checksum_offset = 0;
        if (hdr.udp.isValid() && hdr.udp.checksum != 0) { /* 0: the sender computed none */
            hdr.intrinsic.checksum_offset = meta.ptp_offset - PTP_TO_UDP_CHECKSUM_DISTANCE;
        }
    }
}

#endif
