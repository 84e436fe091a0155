/*
 * events_native.p4: the embedded switch brings a frame back to egress when its transmit time is known.
 *
 * It is the frame as egress left it, metadata and all, and a copy: what this pass leaves behind is
 * sent, dropped, or goes round to ingress.
 */
#ifndef TIMEPLANE_EVENTS_NATIVE_P4
#define TIMEPLANE_EVENTS_NATIVE_P4

#include "v1model_two_step.p4"

control egress_phase(in headers_t hdr, inout metadata_t meta,
                     in standard_metadata_t standard_metadata) {
    apply {
        meta.egress_ticks = hdr.intrinsic.egress_time_ns;
        if (hdr.intrinsic.event == 0) {
            meta.phase = PHASE_FIRST;
        } else if (hdr.intrinsic.event == INTRINSIC_EVENT_AGAIN) {
            meta.phase = PHASE_AGAIN;
        } else if (hdr.intrinsic.event == INTRINSIC_EVENT_LATE) {
            meta.phase = PHASE_LATE;
        } else {
            meta.phase = PHASE_SENT;
            meta.sent_ticks = hdr.intrinsic.event_time_ns;
        }
    }
}


control transmission(inout headers_t hdr, inout metadata_t meta,
                     inout standard_metadata_t standard_metadata) {
    apply {
        hdr.intrinsic.event_request = 0;
        hdr.intrinsic.wait_ns = 0;
        if (meta.phase == PHASE_SENT) {
            hdr.intrinsic.correction_offset = 0;
            if (meta.event == EVENT_SAMPLE) {
                meta.correction_after = hdr.intrinsic.event_correction;
            }
            if (meta.event == EVENT_RECORD) {
                leave_record.apply(hdr, meta);
            }
            if (meta.event == EVENT_FOLLOW_UP) {
                meta.event_port = standard_metadata.egress_port;
                make_follow_up.apply(hdr, meta);
                meta.event = EVENT_NOT;
            } else if (meta.event == EVENT_REPORT) {
                meta.punt_reason = PUNT_TX_EVENT;
                meta.ingress_port = standard_metadata.egress_port;
                meta.receive_ticks = meta.sent_ticks;
                clone_preserving_field_list(CloneType.E2E, CPU_CLONE_SESSION, FIELD_LIST_PUNT);
                meta.leaves = 0;
                mark_to_drop(standard_metadata);
            } else if (meta.sampled == 1) {
                meta.event_port = standard_metadata.egress_port;
                meta.leaves = 0;
                recirculate_preserving_field_list(FIELD_LIST_EVENT);
            } else {
                meta.leaves = 0;
                mark_to_drop(standard_metadata);
            }
        } else if (meta.waits == 1) {
            ticks_t waited = meta.egress_ticks - meta.waits_since;
            meta.leaves = 0;
            hdr.intrinsic.wait_ns = 1;
            if (waited < WAIT_TICKS) {
                hdr.intrinsic.wait_ns = (bit<32>) (WAIT_TICKS - waited);
            }
        } else {
            hdr.intrinsic.event_request = meta.event;
        }
    }
}

#endif
