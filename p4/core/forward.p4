/*
 * forward.p4: a VLAN-aware learning bridge.
 *
 *   reserved? ──▶ source_mac (learn) ──▶ destination_mac ──hit──▶ one port
 *                                              └──miss, group address──▶ flood_group
 */
#ifndef TIMEPLANE_FORWARD_P4
#define TIMEPLANE_FORWARD_P4

#include "types.p4"

control forward(in headers_t hdr, inout metadata_t meta) {
    @id(0x01000301) @name("known_on")
    action known_on(@id(1) port_number_t port) {
        if (port != meta.ingress_port) {
            meta.learn = 1;
        }
    }

    @id(0x01000302) @name("unknown_source")
    action unknown_source() {
        meta.learn = 1;
    }

    @id(0x02000301) @name("source_mac")
    table source_mac {
        key = {
            meta.vid            : exact @id(1) @name("vid");
            hdr.ethernet.source : exact @id(2) @name("mac");
        }
        actions = { known_on; @defaultonly unknown_source; }
        const default_action = unknown_source();
        size = 65536;
    }

    @id(0x01000303) @name("forward_to")
    action forward_to(@id(1) port_number_t port) {
        meta.egress_port = port;
        meta.flood = 0;
    }

    @id(0x01000304) @name("unknown_destination")
    action unknown_destination() {
        meta.flood = 1;
    }

    @id(0x02000302) @name("destination_mac")
    table destination_mac {
        key = {
            meta.vid                 : exact @id(1) @name("vid");
            hdr.ethernet.destination : exact @id(2) @name("mac");
        }
        actions = { forward_to; @defaultonly unknown_destination; }
        const default_action = unknown_destination();
        size = 65536;
    }

    @id(0x01000305) @name("flood_to")
    action flood_to(@id(1) bit<16> group) {
        meta.flood_group = group;
    }

    @id(0x01000306) @name("no_flood_group")
    action no_flood_group() {
        meta.drop_reason = DROP_VLAN_WITHOUT_FLOOD_GROUP;
    }

    @id(0x02000303) @name("flood_group")
    table flood_group {
        key = { meta.vid : exact @id(1) @name("vid"); }
        actions = { flood_to; @defaultonly no_flood_group; }
        const default_action = no_flood_group();
        size = 4096;
    }

    apply {
        /* A bridge keeps 01-80-C2-00-00-0X to the link. An end-to-end transparent clock passes
         * peer delay, which is sent to …-0E (IEEE 1588-2019, 10.2.2), and 802.1AS sends all there. */
        if (hdr.ethernet.destination[47:4] == RESERVED_ADDRESSES
                && !((meta.ptp_mode == PTP_MODE_TRANSPARENT_E2E
                      || meta.ptp_mode == PTP_MODE_TRANSPARENT_P2P)
                     && meta.ether_type == ETHER_TYPE_PTP)) {
            meta.drop_reason = DROP_RESERVED_ADDRESS;
        } else {
            /* A group address is nobody's source. */
            if (hdr.ethernet.source[40:40] == 0) {
                source_mac.apply();
            }
            if (hdr.ethernet.destination[40:40] == 1) {
                meta.flood = 1;
            } else {
                destination_mac.apply();
            }
            if (meta.flood == 1) {
                flood_group.apply();
            } else if (meta.egress_port == meta.ingress_port) {
                meta.drop_reason = DROP_SAME_PORT;
            }
        }
    }
}

#endif
