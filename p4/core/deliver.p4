/*
 * deliver.p4: the egress side of the bridge: not back to where it came from, and in the VLAN form
 * that the port wants.
 */
#ifndef TIMEPLANE_DELIVER_P4
#define TIMEPLANE_DELIVER_P4

#include "types.p4"

control deliver(inout headers_t hdr, inout metadata_t meta, in port_number_t egress_port) {
    @id(0x01000501) @name("send_tagged")
    action send_tagged(@id(1) ptp_mode_t ptp_mode, @id(2) slot_t slot) {
        meta.egress_ptp_mode = ptp_mode;
        meta.egress_slot = slot;
        if (hdr.vlan_outer.isValid()) {
            hdr.vlan_outer.vid = meta.vid;
        } else {
            hdr.vlan_added.setValid();
            hdr.vlan_added.priority = 0;
            hdr.vlan_added.drop_eligible = 0;
            hdr.vlan_added.vid = meta.vid;
            hdr.vlan_added.ether_type = hdr.ethernet.ether_type;
            hdr.ethernet.ether_type = ETHER_TYPE_CTAG;
            meta.ptp_offset = meta.ptp_offset + VLAN_TAG_OCTETS;
        }
    }

    @id(0x01000502) @name("send_untagged")
    action send_untagged(@id(1) ptp_mode_t ptp_mode, @id(2) slot_t slot) {
        meta.egress_ptp_mode = ptp_mode;
        meta.egress_slot = slot;
        if (hdr.vlan_outer.isValid()) {
            hdr.ethernet.ether_type = hdr.vlan_outer.ether_type;
            hdr.vlan_outer.setInvalid();
            meta.ptp_offset = meta.ptp_offset - VLAN_TAG_OCTETS;
        }
    }

    @id(0x01000503) @name("not_member")
    action not_member() {
        meta.drop_reason = DROP_EGRESS_VLAN;
    }

    @id(0x02000501) @name("vlan_delivery")
    table vlan_delivery {
        key = {
            egress_port : exact @id(1) @name("egress_port");
            meta.vid    : exact @id(2) @name("vid");
        }
        actions = { send_tagged; send_untagged; @defaultonly not_member; }
        const default_action = not_member();
        size = 16384;
    }

    apply {
        if (egress_port == meta.ingress_port) {
            meta.drop_reason = DROP_SAME_PORT;
        } else {
            vlan_delivery.apply();
        }
    }
}

/* The priority that PTP leaves a port with, for the switches behind it. */
control mark_priority(inout headers_t hdr, in port_number_t egress_port) {
    @id(0x01000504) @name("mark")
    action mark(@id(1) bit<3> pcp, @id(2) bit<6> dscp, @id(3) bit<1> set_pcp, @id(4) bit<1> set_dscp) {
        if (set_pcp == 1) {
            if (hdr.vlan_added.isValid()) {
                hdr.vlan_added.priority = pcp;
            } else if (hdr.vlan_outer.isValid()) {
                hdr.vlan_outer.priority = pcp;
            }
        }
        if (set_dscp == 1) {
            /* ECN stays. */
            hdr.ipv4.traffic_class[7:2] = dscp;
            hdr.ipv6.traffic_class[7:2] = dscp;
        }
    }

    @id(0x01000505) @name("mark_nothing")
    action mark_nothing() {}

    @id(0x02000502) @name("marking")
    table marking {
        key = { egress_port : exact @id(1) @name("egress_port"); }
        actions = { mark; @defaultonly mark_nothing; }
        const default_action = mark_nothing();
        size = 512;
    }

    apply {
        bit<8> before = hdr.ipv4.traffic_class;
        marking.apply();
        if (hdr.ipv4.isValid() && hdr.ipv4.traffic_class != before) {
            mend_ipv4_checksum.apply(hdr, ~(bit<16>) before, ~(bit<16>) hdr.ipv4.traffic_class);
        }
    }
}

#endif
