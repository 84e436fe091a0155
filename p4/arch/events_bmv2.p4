/*
 * events_bmv2.p4: simple_switch knows the transmit time in egress; a second frame is a clone, and a
 * frame that waits goes round through ingress.
 */
#ifndef TIMEPLANE_EVENTS_BMV2_P4
#define TIMEPLANE_EVENTS_BMV2_P4

#include "v1model_two_step.p4"

/* Plus a port's number: the session whose only replica is that port. */
const bit<32> PORT_CLONE_SESSIONS = 1000;

control egress_phase(in headers_t hdr, inout metadata_t meta,
                     in standard_metadata_t standard_metadata) {
    apply {
        meta.egress_ticks = standard_metadata.egress_global_timestamp;
        meta.phase = PHASE_FIRST;
        if (standard_metadata.instance_type == INSTANCE_EGRESS_CLONE) {
            meta.phase = PHASE_SENT;
        } else if (meta.waits == 1) {
            meta.phase = PHASE_AGAIN;
            if (meta.egress_ticks - meta.waits_since > WAIT_TICKS) {
                meta.phase = PHASE_LATE;
            }
        }
    }
}

control transmission(inout headers_t hdr, inout metadata_t meta,
                     inout standard_metadata_t standard_metadata) {
    apply {
        if (meta.phase == PHASE_SENT) {
            if (meta.event == EVENT_FOLLOW_UP) {
                make_follow_up.apply(hdr, meta);
            } else {
                meta.leaves = 0;
                mark_to_drop(standard_metadata);
            }
        } else if (meta.waits == 1) {
            meta.event_port = standard_metadata.egress_port;
            meta.leaves = 0;
            recirculate_preserving_field_list(FIELD_LIST_EVENT);
        } else if (meta.event != EVENT_NOT && meta.phase == PHASE_FIRST) {
            meta.sent_ticks = meta.egress_ticks;
            meta.event_port = standard_metadata.egress_port;
            if (meta.event == EVENT_RECORD) {
                leave_record.apply(hdr, meta);
            } else if (meta.event == EVENT_SAMPLE) {
                meta.correction_after = hdr.ptp.correction_field;
            }
            if (meta.event == EVENT_FOLLOW_UP) {
                clone_preserving_field_list(CloneType.E2E,
                    PORT_CLONE_SESSIONS + (bit<32>) standard_metadata.egress_port,
                    FIELD_LIST_EVENT);
            } else if (meta.event == EVENT_REPORT) {
                meta.punt_reason = PUNT_TX_EVENT;
                meta.ingress_port = standard_metadata.egress_port;
                meta.receive_ticks = meta.sent_ticks;
                clone_preserving_field_list(CloneType.E2E, CPU_CLONE_SESSION, FIELD_LIST_PUNT);
            } else if (meta.sampled == 1) {
                clone_preserving_field_list(CloneType.E2E, CPU_CLONE_SESSION, FIELD_LIST_EVENT);
            }
        }
    }
}

#endif
