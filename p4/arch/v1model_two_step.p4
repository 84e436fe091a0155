/*
 * v1model_two_step.p4: two_step.p4's rules, carried out with the records.
 */
#ifndef TIMEPLANE_V1MODEL_TWO_STEP_P4
#define TIMEPLANE_V1MODEL_TWO_STEP_P4

#include "../core/types.p4"
#include "../core/two_step.p4"
#include "../core/residence.p4"
#include "../core/clock.p4"
#include "v1model.p4"
#include "v1model_records.p4"

/* An event message is about to leave two-step: what is to be done when its time is known. */
control leave_two_step(inout headers_t hdr, inout metadata_t meta) {
    apply {
        if ((meta.message_type == MESSAGE_SYNC || meta.message_type == MESSAGE_PDELAY_RESP)
                && hdr.ptp.flags & FLAG_TWO_STEP == 0) {
            bit<64> before = (bit<64>) hdr.ptp.flags;
            hdr.ptp.flags = hdr.ptp.flags | FLAG_TWO_STEP;
            update_udp_checksum.apply(hdr, before, (bit<64>) hdr.ptp.flags);
            meta.event = EVENT_FOLLOW_UP;
        } else {
            record_key_t key = 0;
            record_kind_t kind = RECORD_SYNC;
            slot_t hashed_slot = meta.slot;
            bit<1> overwritten = 0;
            if (meta.message_type == MESSAGE_DELAY_REQ || meta.message_type == MESSAGE_PDELAY_REQ) {
                hashed_slot = ANY_SLOT;
            }
            key_of_event.apply(hdr, meta, key, kind);
            open_record.apply(meta, key, kind, hashed_slot, meta.record_index, overwritten);
            if (overwritten == 1) {
                count_record.apply(meta.egress_slot, RECORD_OVERWRITTEN);
            }
            meta.event = EVENT_RECORD;
        }
    }
}

/* A message that follows an event message takes what that one left behind, or waits for it. */
control follow(inout headers_t hdr, inout metadata_t meta) {
    apply {
        record_key_t key = 0;
        record_kind_t kind = RECORD_SYNC;
        record_state_t state = RECORD_FREE;
        slot_t egress_slot = meta.egress_slot;
        slot_t hashed_slot = meta.slot;
        slot_t asker_slot = 0;
        bit<32> place = 0;
        bit<1> is_response = 0;
        if (meta.message_type == MESSAGE_DELAY_RESP || meta.message_type == MESSAGE_PDELAY_RESP) {
            /* The request left by the port that its answer came in by. */
            is_response = 1;
            egress_slot = meta.slot;
            hashed_slot = ANY_SLOT;
        }
        key_of_follower.apply(hdr, meta, key, kind);
        find_record.apply(meta, key, kind, egress_slot, hashed_slot, state, asker_slot, place);
        meta.waits = 0;
        if (is_response == 1 && state != RECORD_FREE && asker_slot != meta.egress_slot) {
            /* A copy that is not for the asker. */
        } else if (state == RECORD_KNOWN) {
            scaled_ns_t value = 0;
            use_record.apply(place, value);
            add_to_correction.apply(hdr, value);
            count_record.apply(meta.egress_slot, RECORD_APPLIED);
        } else if (is_response == 1) {
            meta.drop_reason = DROP_UNMATCHED;
            count_record.apply(meta.slot, RECORD_RESPONSE_UNMATCHED);
        } else if (state == RECORD_USED || meta.phase == PHASE_LATE) {
            meta.drop_reason = DROP_UNMATCHED;
            count_record.apply(meta.egress_slot, RECORD_UNMATCHED);
        } else {
            if (meta.phase == PHASE_FIRST) {
                meta.waits_since = meta.egress_ticks;
                count_record.apply(meta.egress_slot, RECORD_WAITED);
            }
            meta.waits = 1;
        }
    }
}

/* Its time is known: what an event message leaves behind. */
control leave_record(in headers_t hdr, inout metadata_t meta) {
    apply {
        bit<64> residence_ns = ticks_to_ns(meta.sent_ticks - meta.residence_start);
        record_key_t key = 0;
        record_kind_t kind = RECORD_SYNC;
        scaled_ns_t scaled = 0;
        key_of_event.apply(hdr, meta, key, kind);
        scale_residence.apply(residence_ns, meta.rate_offset, scaled);
        meta.correction_after = hdr.ptp.correction_field + scaled + meta.adjustment;
        if ((meta.residence_limit_ns != 0 && residence_ns > meta.residence_limit_ns)
                || residence_ns[63:47] != 0) {
            close_record.apply(meta, key, kind, RECORD_USED, 0);
            count_egress_drop.apply(meta.egress_slot, DROP_RESIDENCE_TOO_LONG);
        } else {
            close_record.apply(meta, key, kind, RECORD_KNOWN, scaled + meta.adjustment);
            count_record.apply(meta.egress_slot, RECORD_RECORDED);
            egress_ledger.apply(meta, residence_ns);
        }
    }
}

/* Its time is known: the message itself becomes the one that follows it. */
control make_follow_up(inout headers_t hdr, inout metadata_t meta) {
    apply {
        bit<64> residence_ns = ticks_to_ns(meta.sent_ticks - meta.residence_start);
        bit<48> seconds = hdr.timestamp.seconds;
        bit<32> nanoseconds = hdr.timestamp.nanoseconds;
        scaled_ns_t correction = 0;
        if (meta.reply == REPLY_PEER_DELAY) {
            /* t3, and what the asker's message had gathered; the adjustment comes below. */
            ptp_time.apply(meta, meta.sent_ticks, seconds, nanoseconds);
            correction = meta.request_correction;
        } else {
            scale_residence.apply(residence_ns, meta.rate_offset, correction);
            correction = correction + meta.adjustment;
            meta.correction_after = meta.correction_before + correction;
            if ((meta.residence_limit_ns != 0 && residence_ns > meta.residence_limit_ns)
                    || residence_ns[63:47] != 0) {
                meta.drop_reason = DROP_RESIDENCE_TOO_LONG;
            } else {
                egress_ledger.apply(meta, residence_ns);
            }
        }
        become_follow_up.apply(hdr, meta, seconds, nanoseconds, correction);
        if (meta.reply == REPLY_PEER_DELAY) {
            add_to_correction.apply(hdr, meta.adjustment);
        }
        if (meta.drop_reason == DROP_NOT) {
            meta.leaves = 1;
            count_record.apply(meta.egress_slot, RECORD_GENERATED);
            if (meta.sampled == 1) {
                /* The frame goes out as the follow-up: a copy tells of it. */
                clone_preserving_field_list(CloneType.E2E, CPU_CLONE_SESSION, FIELD_LIST_EVENT);
            }
        }
    }
}

#endif
