/*
 * respond.p4: requests that are answered here, without the controller.
 *
 *   Pdelay_Req ──▶ peer_delay ──────▶ Pdelay_Resp    (and a Pdelay_Resp_Follow_Up: follow_up.p4)
 *   Delay_Req  ──▶ delay_responder ─▶ Delay_Resp     (on boundary ports)
 *
 * The frame itself becomes the answer: addresses turned, sourcePortIdentity ours,
 * requestingPortIdentity the asker's. Ingress does all but the times, which egress knows.
 */
#ifndef TIMEPLANE_RESPOND_P4
#define TIMEPLANE_RESPOND_P4

#include "types.p4"

/* What a Delay_Resp has more than a Delay_Req. */
const bit<16> PORT_IDENTITY_OCTETS = 10;

const bit<8> REPLY_TIME_TO_LIVE = 64;

control respond(inout headers_t hdr, inout metadata_t meta) {
    bit<64> clock_identity = 0;
    bit<16> port_number = 0;
    mac_address_t mac = 0;
    bit<32> ipv4 = 0;
    bit<128> ipv6 = 0;
    bit<8> log_interval = LOG_INTERVAL_NONE;
    bit<16> udp_before = 0;
    bit<16> udp_after = 0;
    bit<16> ipv4_before = 0;
    bit<16> ipv4_after = 0;

    @id(0x01000801) @name("answer_peer_delay")
    action answer_peer_delay(@id(1) bit<64> own_clock_identity, @id(2) bit<16> own_port_number,
                             @id(3) mac_address_t own_mac, @id(4) bit<32> own_ipv4,
                             @id(5) bit<128> own_ipv6, @id(6) bit<1> two_step) {
        meta.link_local = 1;
        meta.reply_two_step = two_step;
        clock_identity = own_clock_identity;
        port_number = own_port_number;
        mac = own_mac;
        ipv4 = own_ipv4;
        ipv6 = own_ipv6;
    }

    @id(0x01000802) @name("no_peer_delay")
    action no_peer_delay() {}

    /* A port with an entry ends peer delay, whatever else it does with PTP. */
    @id(0x02000801) @name("peer_delay")
    table peer_delay {
        key = { meta.ingress_port : exact @id(1) @name("ingress_port"); }
        actions = { answer_peer_delay; @defaultonly no_peer_delay; }
        const default_action = no_peer_delay();
        size = 512;
    }

    @id(0x01000803) @name("answer_delay")
    action answer_delay(@id(1) bit<64> own_clock_identity, @id(2) bit<16> own_port_number,
                        @id(3) mac_address_t own_mac, @id(4) bit<32> own_ipv4,
                        @id(5) bit<128> own_ipv6, @id(6) bit<8> log_min_delay_req_interval) {
        meta.reply = REPLY_DELAY;
        clock_identity = own_clock_identity;
        port_number = own_port_number;
        mac = own_mac;
        ipv4 = own_ipv4;
        ipv6 = own_ipv6;
        log_interval = log_min_delay_req_interval;
    }

    @id(0x01000804) @name("not_answered")
    action not_answered() {
        meta.drop_reason = DROP_NOT_ANSWERED;
    }

    @id(0x02000802) @name("delay_responder")
    table delay_responder {
        key = {
            meta.ingress_port : exact @id(1) @name("ingress_port");
            (hdr.ptp.major_sdo_id ++ hdr.ptp.minor_sdo_id) : exact @id(2) @name("sdo_id");
            hdr.ptp.domain_number : exact @id(3) @name("domain_number");
        }
        actions = { answer_delay; @defaultonly not_answered; }
        const default_action = not_answered();
        size = 4096;
    }

    @hidden
    action turn_addresses() {
        mac_address_t asker = hdr.ethernet.source;
        hdr.ethernet.source = mac;
        /* A request to a group is answered to the group. */
        if (hdr.ethernet.destination[40:40] == 0) {
            hdr.ethernet.source = hdr.ethernet.destination;
            hdr.ethernet.destination = asker;
        }
    }

    @hidden
    action turn_ipv4() {
        bit<32> asker = hdr.ipv4.source;
        hdr.ipv4.source = ipv4;
        if (hdr.ipv4.destination[31:28] != 0xE) {
            hdr.ipv4.source = hdr.ipv4.destination;
            hdr.ipv4.destination = asker;
            hdr.ipv4.time_to_live = REPLY_TIME_TO_LIVE;
        }
    }

    @hidden
    action turn_ipv6() {
        bit<128> asker = hdr.ipv6.source;
        hdr.ipv6.source = ipv6;
        if (hdr.ipv6.destination[127:120] != 0xFF) {
            hdr.ipv6.source = hdr.ipv6.destination;
            hdr.ipv6.destination = asker;
            hdr.ipv6.hop_limit = REPLY_TIME_TO_LIVE;
        }
    }

    /* What the two answers have in common; the rest of flagField is the asker's own. */
    @hidden
    action turn_ptp() {
        hdr.ptp.flags = hdr.ptp.flags & FLAG_UNICAST;
        hdr.ptp.message_type_specific = 0;
        hdr.port_identity.clock_identity = hdr.ptp.source_clock_identity;
        hdr.port_identity.port_number = hdr.ptp.source_port_number;
        hdr.ptp.source_clock_identity = clock_identity;
        hdr.ptp.source_port_number = port_number;
        hdr.timestamp.seconds = 0;
        hdr.timestamp.nanoseconds = 0;
        meta.request_correction = hdr.ptp.correction_field;
    }

    /* IEEE 1588-2019, 11.4.2: the turnaround, or the times, come in egress. */
    @hidden
    action become_pdelay_resp() {
        hdr.ptp.message_type = MESSAGE_PDELAY_RESP;
        hdr.ptp.control_field = CONTROL_OTHER;
        hdr.ptp.log_message_interval = LOG_INTERVAL_NONE;
        if (meta.reply_two_step == 1) {
            hdr.ptp.flags = hdr.ptp.flags | FLAG_TWO_STEP;
            hdr.ptp.correction_field = 0;
        }
    }

    /* IEEE 1588-2019, 11.3.2. It is ten octets longer. */
    @hidden
    action become_delay_resp() {
        hdr.ptp.message_type = MESSAGE_DELAY_RESP;
        hdr.ptp.control_field = CONTROL_DELAY_RESP;
        hdr.ptp.log_message_interval = log_interval;
        if (hdr.ptp.flags & FLAG_UNICAST != 0) {
            hdr.ptp.log_message_interval = LOG_INTERVAL_NONE;
        }
        hdr.ptp.message_length = hdr.ptp.message_length + PORT_IDENTITY_OCTETS;
        hdr.ipv4.total_length = hdr.ipv4.total_length + PORT_IDENTITY_OCTETS;
        hdr.ipv6.payload_length = hdr.ipv6.payload_length + PORT_IDENTITY_OCTETS;
        hdr.udp.length = hdr.udp.length + PORT_IDENTITY_OCTETS;
        hdr.udp.source_port = UDP_PORT_PTP_GENERAL;
        hdr.udp.destination_port = UDP_PORT_PTP_GENERAL;
    }

    apply {
        if (hdr.udp.isValid()) {
            covered_by_udp.apply(hdr, udp_before);
            covered_by_ipv4.apply(hdr, ipv4_before);
        }
        if (meta.message_type == MESSAGE_DELAY_REQ) {
            if (meta.own == 0) {
                delay_responder.apply();
            }
        } else {
            peer_delay.apply();
            if (meta.link_local == 1 && meta.own == 1) {
                meta.drop_reason = DROP_LOOP;
            } else if (meta.link_local == 1) {
                if (meta.message_type == MESSAGE_PDELAY_REQ && hdr.port_identity.isValid()) {
                    meta.reply = REPLY_PEER_DELAY;
                } else {
                    /* The answers to the controller's own requests. */
                    meta.copy_to_controller = 1;
                    meta.punt_reason = PUNT_PEER_DELAY;
                    meta.drop_reason = DROP_TAKEN;
                }
            }
        }
        /* Not in another station's name, and not by the way that IPv4 options ask for. */
        if (meta.reply != REPLY_NOT
                && ((hdr.ethernet.destination[40:40] == 0 && hdr.ethernet.destination != mac)
                    || hdr.ipv4_options[0].isValid())) {
            meta.reply = REPLY_NOT;
            meta.drop_reason = DROP_NOT_ANSWERED;
        }
        if (meta.reply != REPLY_NOT) {
            turn_addresses();
            if (hdr.ipv4.isValid()) {
                turn_ipv4();
            } else if (hdr.ipv6.isValid()) {
                turn_ipv6();
            }
            if (meta.reply == REPLY_DELAY) {
                hdr.port_identity.setValid();
                turn_ptp();
                become_delay_resp();
            } else {
                turn_ptp();
                become_pdelay_resp();
            }
            meta.egress_port = meta.ingress_port;
            if (hdr.udp.isValid()) {
                covered_by_udp.apply(hdr, udp_after);
                mend_udp_checksum.apply(hdr, udp_before, udp_after);
                if (hdr.ipv4.isValid()) {
                    covered_by_ipv4.apply(hdr, ipv4_after);
                    mend_ipv4_checksum.apply(hdr, ipv4_before, ipv4_after);
                }
            }
        }
    }
}

#endif
