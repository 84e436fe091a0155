/*
 * v1model.p4: where the core meets v1model: standard_metadata, counters, digests, clones.
 *
 * Every main for a v1model target includes it; what differs between such targets (their clock and
 * their last step) is in time_bmv2.p4 and time_native.p4.
 */
#ifndef TIMEPLANE_V1MODEL_P4
#define TIMEPLANE_V1MODEL_P4

#include "../core/types.p4"

/* The clone session whose only replica is the CPU port. */
const bit<32> CPU_CLONE_SESSION = 500;

/* p4c derives a digest's id from this name; a test pins it. */
struct learned_mac_t {
    vlan_id_t     vid;
    mac_address_t mac;
    port_number_t port;
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
    counter(1024, CounterType.packets) ptp_received;

    /* slot * 8 + reason: malformed ones, dropped or passed. */
    @id(0x12000002) @name("ptp_malformed")
    counter(512, CounterType.packets) ptp_malformed;

    /* slot: version 1, always passed. */
    @id(0x12000003) @name("ptp_version_1")
    counter(64, CounterType.packets) ptp_version_1;

    apply {
        if (meta.ptp_kind == PTP_KIND_EVENT || meta.ptp_kind == PTP_KIND_GENERAL) {
            ptp_received.count((bit<32>) (meta.slot ++ meta.message_type));
        } else if (meta.ptp_kind == PTP_KIND_MALFORMED) {
            ptp_malformed.count((bit<32>) (meta.slot ++ meta.malformed));
        } else if (meta.ptp_kind == PTP_KIND_VERSION_1) {
            ptp_version_1.count((bit<32>) meta.slot);
        }
    }
}

/* Carries out what the stages decided. */
control commit(in headers_t hdr, inout metadata_t meta, inout standard_metadata_t standard_metadata) {
    /* By drop reason. */
    @id(0x12000004) @name("ingress_dropped")
    counter(16, CounterType.packets) ingress_dropped;

    apply {
        if (meta.learn == 1) {
            digest<learned_mac_t>(1, { meta.vid, hdr.ethernet.source, meta.ingress_port });
        }
        if (meta.copy_to_controller == 1) {
            clone_preserving_field_list(CloneType.I2E, CPU_CLONE_SESSION, FIELD_LIST_PUNT);
        }
        if (meta.drop_reason != DROP_NOT) {
            ingress_dropped.count((bit<32>) meta.drop_reason);
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

/* A frame from the controller goes where it says, as it is. */
control send_for_controller(inout headers_t hdr, inout standard_metadata_t standard_metadata) {
    apply {
        if (hdr.packet_out_header.isValid()) {
            standard_metadata.egress_spec = hdr.packet_out_header.egress_port;
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

/* What left, and for how long it had stayed. */
control egress_ledger(in metadata_t meta, in bit<64> residence_ns) {
    /* slot of the egress port * 16 + messageType: corrected event messages. */
    @id(0x12000005) @name("ptp_corrected")
    counter(1024, CounterType.packets) ptp_corrected;

    /* slot of the egress port * 512 + bucket_of_residence. */
    @id(0x12000006) @name("residence")
    counter(32768, CounterType.packets) residence;

    bit<9> bucket = 0;

    apply {
        bucket_of_residence.apply(residence_ns, bucket);
        ptp_corrected.count((bit<32>) (meta.egress_slot ++ meta.message_type));
        residence.count((bit<32>) (meta.egress_slot ++ bucket));
    }
}

control drop_at_egress(in metadata_t meta, inout standard_metadata_t standard_metadata) {
    /* By drop reason. */
    @id(0x12000007) @name("egress_dropped")
    counter(16, CounterType.packets) egress_dropped;

    apply {
        /* The copy of a flood for the port that it came in by is no loss. */
        if (meta.drop_reason != DROP_SAME_PORT) {
            egress_dropped.count((bit<32>) meta.drop_reason);
        }
        mark_to_drop(standard_metadata);
    }
}

#endif
