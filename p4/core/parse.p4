/*
 * parse.p4: frame -> headers.
 *
 * Nothing is rejected: a frame that ends early keeps what was extracted and goes on as an ordinary
 * frame; `ptp_expected` without a PTP header tells classify that it was cut. Fragments, IPv6 with
 * extension headers and more than two tags carry no PTP for us: they are forwarded untouched, and
 * counted on PTP ports. IPv4 options are skipped over.
 */
#ifndef TIMEPLANE_PARSE_P4
#define TIMEPLANE_PARSE_P4

#include "types.p4"

parser parse_frame(packet_in packet, out headers_t hdr, inout metadata_t meta,
                   in bit<1> is_packet_out) {
    state start {
        transition select(is_packet_out) {
            1: parse_packet_out;
            default: parse_ethernet;
        }
    }

    state parse_packet_out {
        packet.extract(hdr.packet_out_header);
        meta.from_controller = 1;
        transition parse_ethernet;
    }

    state parse_ethernet {
        packet.extract(hdr.ethernet);
        meta.ether_type = hdr.ethernet.ether_type;
        meta.ptp_offset = ETHERNET_OCTETS;
        transition select(hdr.ethernet.ether_type) {
            ETHER_TYPE_PTP: expect_ptp;
            ETHER_TYPE_IPV4: parse_ipv4;
            ETHER_TYPE_IPV6: parse_ipv6;
            ETHER_TYPE_CTAG: parse_vlan_outer;
            ETHER_TYPE_STAG: parse_vlan_outer;
            default: accept;
        }
    }

    state parse_vlan_outer {
        packet.extract(hdr.vlan_outer);
        meta.ether_type = hdr.vlan_outer.ether_type;
        meta.ptp_offset = meta.ptp_offset + VLAN_TAG_OCTETS;
        transition select(hdr.vlan_outer.ether_type) {
            ETHER_TYPE_PTP: expect_ptp;
            ETHER_TYPE_IPV4: parse_ipv4;
            ETHER_TYPE_IPV6: parse_ipv6;
            ETHER_TYPE_CTAG: parse_vlan_inner;
            ETHER_TYPE_STAG: parse_vlan_inner;
            default: accept;
        }
    }

    state parse_vlan_inner {
        packet.extract(hdr.vlan_inner);
        meta.ether_type = hdr.vlan_inner.ether_type;
        meta.ptp_offset = meta.ptp_offset + VLAN_TAG_OCTETS;
        transition select(hdr.vlan_inner.ether_type) {
            ETHER_TYPE_PTP: expect_ptp;
            ETHER_TYPE_IPV4: parse_ipv4;
            ETHER_TYPE_IPV6: parse_ipv6;
            ETHER_TYPE_CTAG: too_many_tags;
            ETHER_TYPE_STAG: too_many_tags;
            default: accept;
        }
    }

    state too_many_tags {
        meta.untouched = UNTOUCHED_VLAN_TAGS;
        transition accept;
    }

    state parse_ipv4 {
        packet.extract(hdr.ipv4);
        meta.ptp_offset = meta.ptp_offset + (IPV4_OCTETS + UDP_OCTETS);
        meta.options_left = hdr.ipv4.header_words - 5;
        /* Not a fragment: neither MF (the lowest flag) nor an offset. */
        transition select(hdr.ipv4.header_words, hdr.ipv4.flags, hdr.ipv4.fragment_offset,
                          hdr.ipv4.protocol) {
            (5, 0 &&& 1, 0, IP_PROTOCOL_UDP): parse_udp;
            (0 &&& 0xC, _, _, _): accept; /* less than a header: 0 to 3, */
            (4, _, _, _): accept;         /* 4 */
            (_, 0 &&& 1, 0, IP_PROTOCOL_UDP): parse_ipv4_option;
            (_, 0 &&& 1, 0, _): accept;
            default: fragment;
        }
    }

    state parse_ipv4_option {
        packet.extract(hdr.ipv4_options.next);
        meta.options_left = meta.options_left - 1;
        meta.ptp_offset = meta.ptp_offset + IPV4_WORD_OCTETS;
        transition select(meta.options_left) {
            0: parse_udp;
            default: parse_ipv4_option;
        }
    }

    state fragment {
        meta.untouched = UNTOUCHED_IPV4_FRAGMENT;
        transition accept;
    }

    state parse_ipv6 {
        packet.extract(hdr.ipv6);
        meta.ptp_offset = meta.ptp_offset + (IPV6_OCTETS + UDP_OCTETS);
        transition select(hdr.ipv6.next_header) {
            IP_PROTOCOL_UDP: parse_udp;
            IPV6_HOP_BY_HOP: extension_header;
            IPV6_ROUTING: extension_header;
            IPV6_FRAGMENT: extension_header;
            IPV6_AUTHENTICATION: extension_header;
            IPV6_DESTINATION_OPTIONS: extension_header;
            default: accept;
        }
    }

    state extension_header {
        meta.untouched = UNTOUCHED_IPV6_EXTENSION;
        transition accept;
    }

    state parse_udp {
        packet.extract(hdr.udp);
        transition select(hdr.udp.destination_port) {
            UDP_PORT_PTP_EVENT: expect_ptp;
            UDP_PORT_PTP_GENERAL: expect_ptp;
            default: accept;
        }
    }

    /* The version is in the second octet's low half in all versions: 1588-2002 had 16 bits for it. */
    state expect_ptp {
        meta.ptp_expected = 1;
        bit<16> first_octets = packet.lookahead<bit<16>>();
        meta.ptp_version = first_octets[3:0];
        transition select(first_octets[3:0]) {
            2: parse_ptp;
            default: accept;
        }
    }

    state parse_ptp {
        packet.extract(hdr.ptp);
        transition select(hdr.ptp.message_type) {
            MESSAGE_SYNC: parse_timestamp;
            MESSAGE_DELAY_REQ: parse_timestamp;
            MESSAGE_FOLLOW_UP: parse_timestamp;
            MESSAGE_PDELAY_REQ: parse_timestamp_and_identity;
            MESSAGE_PDELAY_RESP: parse_timestamp_and_identity;
            MESSAGE_DELAY_RESP: parse_timestamp_and_identity;
            MESSAGE_PDELAY_RESP_FOLLOW_UP: parse_timestamp_and_identity;
            MESSAGE_MANAGEMENT: parse_management;
            default: accept;
        }
    }

    state parse_timestamp {
        packet.extract(hdr.timestamp);
        transition accept;
    }

    state parse_timestamp_and_identity {
        packet.extract(hdr.timestamp);
        packet.extract(hdr.port_identity);
        transition accept;
    }

    state parse_management {
        packet.extract(hdr.management);
        transition accept;
    }
}

#endif
