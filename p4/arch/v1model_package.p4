/*
 * v1model_package.p4: the stages in order, for every v1model target. Read it aloud.
 */
#ifndef TIMEPLANE_V1MODEL_PACKAGE_P4
#define TIMEPLANE_V1MODEL_PACKAGE_P4

#include "v1model_checksum.p4"
#include "../core/parse.p4"
#include "../core/admit.p4"
#include "../core/instance.p4"
#include "../core/classify.p4"
#include "../core/guard.p4"
#include "../core/respond.p4"
#include "../core/punt.p4"
#include "../core/forward.p4"
#include "../core/deliver.p4"
#include "../core/timing.p4"
#include "../core/clock.p4"
#include "v1model.p4"
#include "v1model_two_step.p4"

parser main_parser(packet_in packet, out headers_t hdr, inout metadata_t meta,
                   inout standard_metadata_t standard_metadata) {
    parse_frame() frame;

    state start {
        bit<1> is_packet_out = 0;
        if (standard_metadata.ingress_port == CPU_PORT
                && standard_metadata.instance_type == INSTANCE_NORMAL) {
            is_packet_out = 1;
        }
        frame.apply(packet, hdr, meta, is_packet_out);
        transition accept;
    }
}

/* Whether the frame may enter, what it is, and whether it is answered right here. */
control enter(inout headers_t hdr, inout metadata_t meta) {
    apply {
        admit_port.apply(meta);
        if (meta.drop_reason == DROP_NOT && meta.ptp_expected == 1) {
            ingress_instance.apply(hdr, meta);
            classify.apply(hdr, meta);
            ingress_timing.apply(meta);
            if (meta.ptp_kind == PTP_KIND_EVENT || meta.ptp_kind == PTP_KIND_GENERAL) {
                recognise_own.apply(hdr, meta);
            }
            if ((meta.ptp_kind == PTP_KIND_EVENT || meta.ptp_kind == PTP_KIND_GENERAL)
                    && (meta.message_type == MESSAGE_PDELAY_REQ
                        || meta.message_type == MESSAGE_PDELAY_RESP
                        || meta.message_type == MESSAGE_PDELAY_RESP_FOLLOW_UP
                        || (meta.message_type == MESSAGE_DELAY_REQ
                            && meta.ptp_mode == PTP_MODE_BOUNDARY))) {
                respond.apply(hdr, meta);
            }
            if (meta.ptp_mode == PTP_MODE_OFF && meta.link_local == 0) {
                meta.ptp_kind = PTP_KIND_NONE;
            }
        }
        /* Peer delay is the link's, not a VLAN's: it works where nothing else does. */
        if (meta.drop_reason == DROP_NOT && meta.link_local == 0) {
            admit_vlan.apply(hdr, meta);
        }
        if (meta.drop_reason == DROP_NOT && meta.link_local == 0
                && meta.ptp_expected == 1 && meta.ptp_mode == PTP_MODE_BLOCKED) {
            meta.drop_reason = DROP_PTP_BLOCKED;
        }
    }
}

control main_ingress(inout headers_t hdr, inout metadata_t meta,
                     inout standard_metadata_t standard_metadata) {
    apply {
        if (standard_metadata.instance_type == INSTANCE_RECIRCULATED) {
            come_back.apply(hdr, meta, standard_metadata);
        } else {
            note_arrival.apply(meta, standard_metadata);
            take_receive_time.apply(hdr, meta, standard_metadata);
            if (meta.from_controller == 1) {
                send_for_controller.apply(hdr, meta, standard_metadata);
            } else {
                enter.apply(hdr, meta);
                if (meta.ptp_kind != PTP_KIND_NONE && meta.drop_reason == DROP_NOT) {
                    admit_ptp.apply(meta);
                }
                if ((meta.ptp_kind == PTP_KIND_EVENT || meta.ptp_kind == PTP_KIND_GENERAL)
                        && meta.drop_reason == DROP_NOT && meta.link_local == 0
                        && meta.reply == REPLY_NOT) {
                    guard.apply(hdr, meta);
                }
                ingress_ledger.apply(meta);
                if (meta.drop_reason == DROP_NOT && meta.reply == REPLY_NOT) {
                    rx_half.apply(meta);
                    trap_for_boundary_clock.apply(meta);
                    punt.apply(hdr, meta);
                    if (meta.transparent == 1) {
                        management_hops.apply(hdr, meta);
                    }
                    if (meta.drop_reason == DROP_NOT) {
                        forward.apply(hdr, meta);
                    }
                }
                limit_punts.apply(meta);
                commit.apply(hdr, meta, standard_metadata);
            }
        }
    }
}

/* An event message of a transparent clock leaves: corrected in flight, or with something to follow. */
control leave_corrected(inout headers_t hdr, inout metadata_t meta) {
    bit<64> residence_ns = 0;

    apply {
        meta.correction_before = hdr.ptp.correction_field;
        choose_samples.apply(hdr, meta);
        if (meta.two_step == 1) {
            leave_two_step.apply(hdr, meta);
        } else {
            add_to_correction.apply(hdr, meta.adjustment);
            tx_half.apply(hdr, meta, residence_ns);
            if (meta.residence_limit_ns != 0 && residence_ns > meta.residence_limit_ns) {
                meta.drop_reason = DROP_RESIDENCE_TOO_LONG;
            } else {
                egress_ledger.apply(meta, residence_ns);
                if (meta.sampled == 1) {
                    meta.event = EVENT_SAMPLE;
                }
            }
        }
    }
}

/* An answer made in ingress gets its times. */
control leave_reply(inout headers_t hdr, inout metadata_t meta) {
    bit<48> seconds = 0;
    bit<32> nanoseconds = 0;
    bit<64> residence_ns = 0;

    apply {
        if (meta.reply == REPLY_DELAY || meta.reply_two_step == 1) {
            ptp_time.apply(meta, meta.receive_ticks, seconds, nanoseconds);
            put_timestamp.apply(hdr, seconds, nanoseconds);
            if (meta.reply == REPLY_DELAY && meta.clock_set == 0) {
                meta.drop_reason = DROP_NO_CLOCK;
            } else if (meta.reply == REPLY_DELAY) {
                count_answer.apply(meta, MESSAGE_DELAY_REQ);
                add_to_correction.apply(hdr, meta.adjustment);
            } else {
                count_answer.apply(meta, MESSAGE_PDELAY_REQ);
                meta.event = EVENT_FOLLOW_UP;
            }
        } else {
            count_answer.apply(meta, MESSAGE_PDELAY_REQ);
            add_to_correction.apply(hdr, meta.adjustment);
            tx_half.apply(hdr, meta, residence_ns);
        }
    }
}

/* A one-step Sync of the controller's: its originTimestamp is now, the rest of its way is residence. */
control leave_stamped(inout headers_t hdr, inout metadata_t meta) {
    bit<48> seconds = 0;
    bit<32> nanoseconds = 0;
    bit<64> residence_ns = 0;

    apply {
        ptp_time.apply(meta, meta.egress_ticks, seconds, nanoseconds);
        if (meta.clock_set == 0) {
            meta.drop_reason = DROP_NO_CLOCK;
        } else if (hdr.timestamp.isValid()) {
            put_timestamp.apply(hdr, seconds, nanoseconds);
            meta.residence_start = meta.egress_ticks;
            add_to_correction.apply(hdr, meta.adjustment);
            tx_half.apply(hdr, meta, residence_ns);
        }
    }
}

/* A frame's first way through egress. */
control leave(inout headers_t hdr, inout metadata_t meta,
              inout standard_metadata_t standard_metadata) {
    apply {
        if (meta.reply != REPLY_NOT) {
            meta.egress_slot = meta.slot;
            meta.message_type = hdr.ptp.message_type;
            meta.residence_start = meta.receive_ticks;
        } else if (meta.from_controller == 1) {
            meta.egress_slot = SLOT_UNKNOWN;
        } else {
            deliver.apply(hdr, meta, standard_metadata.egress_port);
            if (meta.drop_reason == DROP_NOT && meta.ptp_expected == 1) {
                egress_instance.apply(hdr, meta, standard_metadata.egress_port);
                egress_guard.apply(hdr, meta);
            }
        }
        if (meta.egress_ptp_mode != PTP_MODE_TRANSPARENT_E2E
                && meta.egress_ptp_mode != PTP_MODE_TRANSPARENT_P2P) {
            meta.transparent = 0;
        }
        if (meta.drop_reason == DROP_NOT
                && (meta.transparent == 1 || meta.reply != REPLY_NOT || meta.stamp == 1)) {
            syntonize.apply(hdr, meta);
            /* A Delay_Resp is no event: what leaves with it is the time at which its request came. */
            if (meta.reply != REPLY_DELAY) {
                egress_timing.apply(meta, standard_metadata.egress_port);
            }
            if (meta.reply != REPLY_NOT) {
                leave_reply.apply(hdr, meta);
            } else if (meta.stamp == 1) {
                name_origin.apply(hdr, meta, standard_metadata.egress_port);
                leave_stamped.apply(hdr, meta);
            } else {
                if ((meta.two_step == 1 && (meta.message_type == MESSAGE_FOLLOW_UP
                            || meta.message_type == MESSAGE_PDELAY_RESP_FOLLOW_UP))
                        || (meta.responses_recorded == 1
                            && (meta.message_type == MESSAGE_DELAY_RESP
                                || (meta.message_type == MESSAGE_PDELAY_RESP
                                    && meta.ptp_kind == PTP_KIND_EVENT)))) {
                    follow.apply(hdr, meta);
                }
                if (meta.ptp_kind == PTP_KIND_EVENT && meta.drop_reason == DROP_NOT) {
                    leave_corrected.apply(hdr, meta);
                }
            }
        }
    }
}

control main_egress(inout headers_t hdr, inout metadata_t meta,
                    inout standard_metadata_t standard_metadata) {
    apply {
        egress_phase.apply(hdr, meta, standard_metadata);
        if (standard_metadata.egress_port == CPU_PORT) {
            at_cpu_port.apply(hdr, meta, standard_metadata);
        } else {
            if (meta.reply != REPLY_NOT || meta.stamp == 1) {
                read_clock.apply(meta);
            }
            if (meta.phase == PHASE_FIRST) {
                leave.apply(hdr, meta, standard_metadata);
            } else if (meta.phase != PHASE_SENT) {
                follow.apply(hdr, meta);
            }
            /* The rest is for PTP messages of ports in a PTP mode. */
            meta.leaves = 0;
            if ((meta.ptp_kind == PTP_KIND_EVENT || meta.ptp_kind == PTP_KIND_GENERAL)
                    && (meta.egress_ptp_mode != PTP_MODE_OFF || meta.reply != REPLY_NOT
                        || meta.from_controller == 1)) {
                meta.leaves = 1;
            }
            if (meta.drop_reason == DROP_NOT) {
                transmission.apply(hdr, meta, standard_metadata);
            }
            if (meta.drop_reason != DROP_NOT) {
                drop_at_egress.apply(meta, standard_metadata);
            } else if (meta.leaves == 1) {
                mark_priority.apply(hdr, standard_metadata.egress_port);
                if (meta.from_controller == 0) {
                    count_sent.apply(meta, hdr.ptp.message_type);
                }
            }
        }
    }
}

/* Neither is ours to judge: a wrong checksum came in wrong and leaves just as wrong. */
control main_verify_checksum(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

control main_update_checksum(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

control main_deparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.packet_in_header);
        packet.emit(hdr.ethernet);
        packet.emit(hdr.vlan_added);
        packet.emit(hdr.vlan_outer);
        packet.emit(hdr.vlan_inner);
        packet.emit(hdr.ipv4);
        packet.emit(hdr.ipv4_options);
        packet.emit(hdr.ipv6);
        packet.emit(hdr.udp);
        packet.emit(hdr.ptp);
        packet.emit(hdr.timestamp);
        packet.emit(hdr.port_identity);
        packet.emit(hdr.management);
    }
}

V1Switch(main_parser(), main_verify_checksum(), main_ingress(), main_egress(),
         main_update_checksum(), main_deparser()) main;

#endif
