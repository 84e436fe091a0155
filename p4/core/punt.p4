/*
 * punt.p4: what the controller gets to see. Empty unless it asks.
 */
#ifndef TIMEPLANE_PUNT_P4
#define TIMEPLANE_PUNT_P4

#include "types.p4"

control punt(in headers_t hdr, inout metadata_t meta) {
    @id(0x01000401) @name("copy_to_controller")
    action copy_to_controller(@id(1) punt_reason_t reason) {
        meta.copy_to_controller = 1;
        meta.punt_reason = reason;
    }

    /* The controller gets it, nobody else does. */
    @id(0x01000402) @name("trap_to_controller")
    action trap_to_controller(@id(1) punt_reason_t reason) {
        meta.copy_to_controller = 1;
        meta.punt_reason = reason;
        meta.drop_reason = DROP_TRAPPED_ONLY;
    }

    @id(0x01000403) @name("no_punt")
    action no_punt() {}

    @id(0x02000401) @name("punt_policy")
    table punt_policy {
        key = {
            meta.ingress_port        : ternary @id(1) @name("ingress_port");
            hdr.ethernet.destination : ternary @id(2) @name("destination");
            meta.ether_type          : ternary @id(3) @name("ether_type");
            meta.ptp_kind            : ternary @id(4) @name("ptp_kind");
            meta.message_type        : ternary @id(5) @name("message_type");
        }
        actions = { copy_to_controller; trap_to_controller; @defaultonly no_punt; }
        const default_action = no_punt();
        size = 256;
    }

    apply {
        punt_policy.apply();
    }
}

/* On a boundary port PTP is the controller's, sound or passed as malformed: nobody else gets it. */
control trap_for_boundary_clock(inout metadata_t meta) {
    apply {
        if (meta.ptp_mode == PTP_MODE_BOUNDARY && meta.ptp_kind != PTP_KIND_NONE
                && meta.drop_reason == DROP_NOT) {
            meta.copy_to_controller = 1;
            meta.punt_reason = PUNT_BOUNDARY;
            meta.drop_reason = DROP_TAKEN;
        }
    }
}

#endif
