/*
 * v1model.p4: where the core meets v1model: standard_metadata, counters, digests, clones.
 *
 * Every main for a v1model target includes it; what differs between such targets (their clock and
 * their last step) is in time_bmv2.p4 and time_native.p4.
 */
#ifndef TIMEPLANE_V1MODEL_P4
#define TIMEPLANE_V1MODEL_P4

#include "../core/types.p4"
#include "../core/residence.p4"

/* The clone session whose only replica is the CPU port. */
const bit<32> CPU_CLONE_SESSION = 500;

/* standard_metadata.instance_type, simple_switch's numbers. */
const bit<32> INSTANCE_NORMAL       = 0;
const bit<32> INSTANCE_EGRESS_CLONE = 2;
const bit<32> INSTANCE_RECIRCULATED = 4;

/* p4c derives a digest's id from this name; a test pins it. */
struct learned_mac_t {
    vlan_id_t     vid;
    mac_address_t mac;
    port_number_t port;
}

/* Colours of a meter. */
const bit<2> METER_GREEN = 0;
const bit<2> METER_RED   = 2;

/* One sampled event message: what it was, when it came and went, what its correction became.
 * Ports and correctionField as on the wire; times in nanoseconds of the target's clock. */
struct residence_record_t {
    port_number_t ingress_port;
    port_number_t egress_port;
    bit<4>        message_type;
    bit<64>       source_clock_identity;
    bit<16>       source_port_number;
    bit<16>       sequence_id;
    bit<8>        domain_number;
    bit<12>       sdo_id;
    bit<64>       receive_time_ns;
    bit<64>       transmit_time_ns;
    scaled_ns_t   correction_before;
    scaled_ns_t   correction_after;
}

/* --- counters of egress; each is indexed by the egress port's slot and what is counted ----------- */

/* slot * 16 + messageType: event messages whose residence was corrected or recorded. */
@id(0x12000005) @name("ptp_corrected")
counter(2048, CounterType.packets) ptp_corrected;

/* slot * 512 + bucket_of_residence. */
@id(0x12000006) @name("residence")
counter(65536, CounterType.packets) residence;

/* slot * 32 + drop reason. */
@id(0x12000009) @name("egress_dropped")
counter(4096, CounterType.packets) egress_dropped;

/* slot * 16 + record_outcome_t. */
@id(0x1200000B) @name("two_step")
counter(2048, CounterType.packets) two_step_outcomes;

/* slot * 16 + messageType of the request. */
@id(0x1200000C) @name("answered")
counter(2048, CounterType.packets) answered;

/* slot * 16 + messageType: every message that leaves by a port in a PTP mode. */
@id(0x1200000D) @name("ptp_sent")
counter(2048, CounterType.packets) ptp_sent;

control count_record(in slot_t slot, in record_outcome_t outcome) {
    apply {
        two_step_outcomes.count((bit<32>) (slot ++ outcome));
    }
}

control count_egress_drop(in slot_t slot, in drop_reason_t reason) {
    apply {
        egress_dropped.count((bit<32>) (slot ++ reason));
    }
}

control count_answer(in metadata_t meta, in bit<4> request_type) {
    apply {
        answered.count((bit<32>) (meta.slot ++ request_type));
    }
}

control count_sent(in metadata_t meta, in bit<4> message_type) {
    apply {
        ptp_sent.count((bit<32>) (meta.egress_slot ++ message_type));
    }
}

control note_arrival(inout metadata_t meta, in standard_metadata_t standard_metadata) {
    apply {
        meta.ingress_port = standard_metadata.ingress_port;
        meta.frame_octets = standard_metadata.packet_length;
    }
}

/* What happened to frames on their way in. Each array is indexed by slot and what is counted. */
control ingress_ledger(in metadata_t meta) {
    /* slot * 16 + messageType: sound PTP messages received. */
    @id(0x12000001) @name("ptp_received")
    counter(2048, CounterType.packets) ptp_received;

    /* slot * 8 + reason: malformed ones, dropped or passed. */
    @id(0x12000002) @name("ptp_malformed")
    counter(1024, CounterType.packets) ptp_malformed;

    /* slot: version 1, always passed. */
    @id(0x12000003) @name("ptp_version_1")
    counter(128, CounterType.packets) ptp_version_1;

    /* slot * 4 + why, less one: frames not looked into. */
    @id(0x1200000E) @name("untouched")
    counter(512, CounterType.packets) untouched;

    apply {
        if (meta.ptp_kind == PTP_KIND_EVENT || meta.ptp_kind == PTP_KIND_GENERAL) {
            ptp_received.count((bit<32>) (meta.slot ++ meta.message_type));
        } else if (meta.ptp_kind == PTP_KIND_MALFORMED) {
            ptp_malformed.count((bit<32>) (meta.slot ++ meta.malformed));
        } else if (meta.ptp_kind == PTP_KIND_VERSION_1) {
            ptp_version_1.count((bit<32>) meta.slot);
        } else if (meta.untouched != UNTOUCHED_NOT && meta.ptp_mode != PTP_MODE_OFF) {
            untouched.count((bit<32>) (meta.slot ++ (meta.untouched - 1)));
        }
    }
}

/* What goes to the controller passes a meter, one for each port and type of message. */
control limit_punts(inout metadata_t meta) {
    /* slot * 16 + messageType: 15, which no message has, for what is not PTP. */
    @id(0x14000001) @name("punt_meter")
    meter(2048, MeterType.packets) punt_meter;

    /* The same index: what was kept from the controller. */
    @id(0x1200000A) @name("punt_metered")
    counter(2048, CounterType.packets) punt_metered;

    bit<2> colour = METER_GREEN;
    bit<4> type = MESSAGE_NONE;

    apply {
        if (meta.copy_to_controller == 1) {
            if (meta.ptp_kind != PTP_KIND_NONE) {
                type = meta.message_type;
            }
            punt_meter.execute_meter((bit<32>) (meta.slot ++ type), colour);
            if (colour == METER_RED) {
                punt_metered.count((bit<32>) (meta.slot ++ type));
                meta.copy_to_controller = 0;
                if (meta.drop_reason == DROP_TAKEN || meta.drop_reason == DROP_TRAPPED_ONLY) {
                    meta.drop_reason = DROP_METERED;
                }
            }
        }
    }
}

/* Carries out what the stages decided. */
control commit(in headers_t hdr, inout metadata_t meta, inout standard_metadata_t standard_metadata) {
    /* slot * 32 + drop reason. */
    @id(0x12000008) @name("ingress_dropped")
    counter(4096, CounterType.packets) ingress_dropped;

    apply {
        if (meta.learn == 1) {
            digest<learned_mac_t>(1, { meta.vid, hdr.ethernet.source, meta.ingress_port });
        }
        if (meta.copy_to_controller == 1) {
            clone_preserving_field_list(CloneType.I2E, CPU_CLONE_SESSION, FIELD_LIST_PUNT);
        }
        if (meta.drop_reason != DROP_NOT) {
            if (meta.drop_reason != DROP_TAKEN) {
                ingress_dropped.count((bit<32>) (meta.slot ++ meta.drop_reason));
            }
            mark_to_drop(standard_metadata);
        } else if (meta.flood == 1) {
            standard_metadata.mcast_grp = meta.flood_group;
        } else {
            standard_metadata.egress_spec = meta.egress_port;
        }
        if (meta.ptp_kind == PTP_KIND_EVENT) {
            standard_metadata.priority = meta.ptp_priority;
        }
    }
}

/* A frame from the controller goes where it says: to a port or to a group. */
control send_for_controller(inout headers_t hdr, inout metadata_t meta,
                            inout standard_metadata_t standard_metadata) {
    apply {
        if (hdr.packet_out_header.isValid()) {
            if (hdr.packet_out_header.group != 0) {
                standard_metadata.mcast_grp = hdr.packet_out_header.group;
            } else {
                standard_metadata.egress_spec = hdr.packet_out_header.egress_port;
            }
            meta.stamp = hdr.packet_out_header.stamp;
            if (hdr.packet_out_header.tx_event == 1) {
                meta.event = EVENT_REPORT;
            }
            if (hdr.ptp.isValid()) {
                meta.ptp_kind = PTP_KIND_GENERAL;
                meta.message_type = hdr.ptp.message_type;
            }
            hdr.packet_out_header.setInvalid();
        } else {
            mark_to_drop(standard_metadata);
        }
    }
}

control hand_to_controller(inout headers_t hdr, in metadata_t meta) {
    apply {
        hdr.packet_in_header.setValid();
        hdr.packet_in_header.ingress_port = meta.ingress_port;
        hdr.packet_in_header.reason = meta.punt_reason;
        hdr.packet_in_header.receive_time_ns = ticks_to_ns(meta.receive_ticks);
    }
}

/* Egress of the CPU port: copies for the residence ledger go round to ingress, where a digest tells of
 * them; all else is the controller's. */
control at_cpu_port(inout headers_t hdr, in metadata_t meta,
                    in standard_metadata_t standard_metadata) {
    apply {
        if (standard_metadata.instance_type == INSTANCE_EGRESS_CLONE && meta.sampled == 1) {
            recirculate_preserving_field_list(FIELD_LIST_EVENT);
        } else {
            hand_to_controller.apply(hdr, meta);
        }
    }
}

/* What left, and for how long it had stayed. */
control egress_ledger(in metadata_t meta, in bit<64> residence_ns) {
    bit<9> bucket = 0;

    apply {
        bucket_of_residence.apply(residence_ns, bucket);
        ptp_corrected.count((bit<32>) (meta.egress_slot ++ meta.message_type));
        residence.count((bit<32>) (meta.egress_slot ++ bucket));
    }
}

control drop_at_egress(in metadata_t meta, inout standard_metadata_t standard_metadata) {
    apply {
        /* The copy of a flood for the port that it came in by is no loss. */
        if (meta.drop_reason != DROP_SAME_PORT) {
            count_egress_drop.apply(meta.egress_slot, meta.drop_reason);
        }
        mark_to_drop(standard_metadata);
    }
}

/* Which event messages the residence ledger tells of. */
control choose_samples(in headers_t hdr, inout metadata_t meta) {
    /* The sender chooses sequenceId: so slot of the ingress port, what it may have told of it. */
    @id(0x14000002) @name("ledger_meter")
    meter(128, MeterType.packets) ledger_meter;

    bit<2> colour = METER_GREEN;

    @id(0x01000903) @name("sample")
    action sample(@id(1) bit<16> mask) {
        meta.sample_mask = mask;
        meta.sampled = 1;
    }

    @id(0x01000904) @name("no_sampling")
    action no_sampling() {}

    @id(0x02000903) @name("ledger")
    table ledger {
        actions = { sample; no_sampling; }
        default_action = no_sampling();
    }

    apply {
        ledger.apply();
        if (hdr.ptp.sequence_id & meta.sample_mask != 0) {
            meta.sampled = 0;
        }
        if (meta.sampled == 1) {
            ledger_meter.execute_meter((bit<32>) meta.slot, colour);
            if (colour == METER_RED) {
                meta.sampled = 0;
            }
        }
    }
}

/* A frame comes back from egress: to wait, or to be told of. */
control come_back(in headers_t hdr, inout metadata_t meta,
                  inout standard_metadata_t standard_metadata) {
    apply {
        if (meta.waits == 1) {
            standard_metadata.egress_spec = meta.event_port;
        } else {
            digest<residence_record_t>(1, {
                meta.ingress_port, meta.event_port, meta.message_type,
                hdr.ptp.source_clock_identity, hdr.ptp.source_port_number, hdr.ptp.sequence_id,
                hdr.ptp.domain_number, hdr.ptp.major_sdo_id ++ hdr.ptp.minor_sdo_id,
                ticks_to_ns(meta.receive_ticks), ticks_to_ns(meta.sent_ticks),
                meta.correction_before, meta.correction_after });
            mark_to_drop(standard_metadata);
        }
    }
}

#endif
