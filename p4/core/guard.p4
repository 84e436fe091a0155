/*
 * guard.p4: what must not pass, however sound it is.
 *
 *   recognise_own ──▶ (answers: respond.p4) ──▶ guard: loop, accepted_master, delay mechanism
 *
 * Runs on sound PTP messages of ports in a PTP mode; the guard on those that are not answered here.
 */
#ifndef TIMEPLANE_GUARD_P4
#define TIMEPLANE_GUARD_P4

#include "types.p4"

control recognise_own(in headers_t hdr, inout metadata_t meta) {
    @id(0x01000207) @name("is_own")
    action is_own() {
        meta.own = 1;
    }

    @id(0x01000208) @name("is_not_own")
    action is_not_own() {}

    /* A message of ours that comes in has gone round a loop. */
    @id(0x02000205) @name("own_clock")
    table own_clock {
        key = { hdr.ptp.source_clock_identity : exact @id(1) @name("clock_identity"); }
        actions = { is_own; @defaultonly is_not_own; }
        const default_action = is_not_own();
        size = 16;
    }

    apply {
        own_clock.apply();
    }
}

control guard(in headers_t hdr, inout metadata_t meta) {
    @id(0x01000209) @name("accept_master")
    action accept_master() {}

    @id(0x0100020A) @name("not_accepted")
    action not_accepted() {
        meta.drop_reason = DROP_MASTER_NOT_ACCEPTED;
    }

    /* On ports that want listed timeTransmitters only (IEEE 1588-2019, 17.2, in spirit). */
    @id(0x02000204) @name("accepted_master")
    table accepted_master {
        key = {
            meta.ingress_port             : exact @id(1) @name("ingress_port");
            hdr.ptp.source_clock_identity : exact @id(2) @name("clock_identity");
            hdr.ptp.source_port_number    : exact @id(3) @name("port_number");
        }
        actions = { accept_master; @defaultonly not_accepted; }
        const default_action = not_accepted();
        size = 1024;
    }

    apply {
        if (meta.own == 1 && meta.ptp_mode == PTP_MODE_BOUNDARY
                && meta.message_type == MESSAGE_ANNOUNCE) {
            /* The controller's: two ports of a clock on one path hear each other (9.5.2.3). */
            meta.drop_reason = DROP_NOT;
        } else if (meta.own == 1) {
            meta.drop_reason = DROP_LOOP;
        } else if (meta.listed_masters_only == 1
                && (meta.message_type == MESSAGE_SYNC || meta.message_type == MESSAGE_FOLLOW_UP
                    || meta.message_type == MESSAGE_ANNOUNCE
                    || meta.message_type == MESSAGE_DELAY_RESP)) {
            accepted_master.apply();
        }
        /* A peer-to-peer port knows its link: nobody measures through it. */
        if (meta.ptp_mode == PTP_MODE_TRANSPARENT_P2P
                && (meta.message_type == MESSAGE_DELAY_REQ
                    || meta.message_type == MESSAGE_DELAY_RESP
                    || meta.message_type == MESSAGE_PDELAY_REQ
                    || meta.message_type == MESSAGE_PDELAY_RESP
                    || meta.message_type == MESSAGE_PDELAY_RESP_FOLLOW_UP)
                && meta.drop_reason == DROP_NOT) {
            meta.drop_reason = DROP_WRONG_DELAY_MECHANISM;
        }
    }
}

/* The same for the port that PTP leaves by, also PTP that came in where it is a frame like any other. */
control egress_guard(in headers_t hdr, inout metadata_t meta) {
    apply {
        if (meta.egress_ptp_mode == PTP_MODE_BLOCKED || meta.egress_ptp_mode == PTP_MODE_BOUNDARY) {
            meta.drop_reason = DROP_PTP_BLOCKED;
        } else if (meta.egress_ptp_mode == PTP_MODE_TRANSPARENT_P2P && hdr.ptp.isValid()
                && (hdr.ptp.message_type == MESSAGE_DELAY_REQ
                    || hdr.ptp.message_type == MESSAGE_DELAY_RESP
                    || hdr.ptp.message_type == MESSAGE_PDELAY_REQ
                    || hdr.ptp.message_type == MESSAGE_PDELAY_RESP
                    || hdr.ptp.message_type == MESSAGE_PDELAY_RESP_FOLLOW_UP)) {
            meta.drop_reason = DROP_WRONG_DELAY_MECHANISM;
        } else if (meta.egress_ptp_mode == PTP_MODE_OFF
                && hdr.ethernet.destination[47:4] == RESERVED_ADDRESSES) {
            /* What only a transparent clock passes on. */
            meta.drop_reason = DROP_RESERVED_ADDRESS;
        }
    }
}

/* A management message goes on as long as boundaryHops says so (15.4.1.4). */
control management_hops(inout headers_t hdr, inout metadata_t meta) {
    apply {
        if (meta.message_type == MESSAGE_MANAGEMENT && hdr.management.isValid()) {
            if (hdr.management.boundary_hops == 0) {
                meta.drop_reason = DROP_BOUNDARY_HOPS;
            } else {
                bit<64> before = (bit<64>) (hdr.management.starting_boundary_hops
                                            ++ hdr.management.boundary_hops);
                hdr.management.boundary_hops = hdr.management.boundary_hops - 1;
                update_udp_checksum.apply(hdr, before,
                    (bit<64>) (hdr.management.starting_boundary_hops
                               ++ hdr.management.boundary_hops));
            }
        }
    }
}

#endif
