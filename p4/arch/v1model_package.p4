/*
 * v1model_package.p4: the stages in order, for every v1model target. Read it aloud.
 */
#ifndef TIMEPLANE_V1MODEL_PACKAGE_P4
#define TIMEPLANE_V1MODEL_PACKAGE_P4

#include "../core/parse.p4"
#include "../core/admit.p4"
#include "../core/instance.p4"
#include "../core/classify.p4"
#include "../core/punt.p4"
#include "../core/forward.p4"
#include "../core/deliver.p4"
#include "../core/timing.p4"
#include "v1model.p4"

parser main_parser(packet_in packet, out headers_t hdr, inout metadata_t meta,
                   inout standard_metadata_t standard_metadata) {
    parse_frame() frame;

    state start {
        frame.apply(packet, hdr, meta, standard_metadata.ingress_port);
        transition accept;
    }
}

control main_ingress(inout headers_t hdr, inout metadata_t meta,
                     inout standard_metadata_t standard_metadata) {
    apply {
        if (meta.from_controller == 1) {
            send_for_controller.apply(hdr, standard_metadata);
        } else {
            note_arrival.apply(meta, standard_metadata);
            take_receive_time.apply(hdr, meta, standard_metadata);
            admit_port.apply(meta);
            if (meta.drop_reason == DROP_NOT) {
                admit_vlan.apply(hdr, meta);
            }
            if (meta.drop_reason == DROP_NOT && meta.ptp_expected == 1) {
                ingress_instance.apply(hdr, meta);
            }
            if (meta.drop_reason == DROP_NOT) {
                if (meta.ptp_expected == 1 && meta.ptp_mode != PTP_MODE_OFF) {
                    classify.apply(hdr, meta);
                    admit_ptp.apply(meta);
                    ingress_ledger.apply(meta);
                    rx_half.apply(meta);
                    if (meta.correct == 1) {
                        ingress_timing.apply(meta);
                    }
                }
                punt.apply(hdr, meta);
            }
            if (meta.drop_reason == DROP_NOT) {
                forward.apply(hdr, meta);
            }
            commit.apply(hdr, meta, standard_metadata);
        }
    }
}

control main_egress(inout headers_t hdr, inout metadata_t meta,
                    inout standard_metadata_t standard_metadata) {
    bit<64> residence_ns = 0;

    apply {
        if (standard_metadata.egress_port == CPU_PORT) {
            hand_to_controller.apply(hdr, meta);
        } else if (meta.from_controller == 0) {
            deliver.apply(hdr, meta, standard_metadata.egress_port);
            if (meta.drop_reason == DROP_NOT && meta.ptp_expected == 1) {
                egress_instance.apply(hdr, meta, standard_metadata.egress_port);
            }
            if (meta.drop_reason == DROP_NOT && meta.correct == 1
                    && meta.egress_ptp_mode == PTP_MODE_TRANSPARENT_E2E) {
                egress_timing.apply(meta, standard_metadata.egress_port);
                adjust_correction.apply(hdr, meta.adjustment);
                tx_half.apply(hdr, meta, standard_metadata, residence_ns);
                if (meta.residence_limit_ns != 0 && residence_ns > meta.residence_limit_ns) {
                    meta.drop_reason = DROP_RESIDENCE_TOO_LONG;
                } else {
                    egress_ledger.apply(meta, residence_ns);
                }
            }
            if (meta.drop_reason != DROP_NOT) {
                drop_at_egress.apply(meta, standard_metadata);
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
        packet.emit(hdr.ipv6);
        packet.emit(hdr.udp);
        packet.emit(hdr.ptp);
    }
}

V1Switch(main_parser(), main_verify_checksum(), main_ingress(), main_egress(),
         main_update_checksum(), main_deparser()) main;

#endif
