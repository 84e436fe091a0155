/*
 * admit.p4: may this frame enter, and what is its VLAN.
 *
 *   port ──▶ (peer delay ends here) ──▶ vlan_admission ──▶ malformed_policy
 */
#ifndef TIMEPLANE_ADMIT_P4
#define TIMEPLANE_ADMIT_P4

#include "types.p4"

control admit_port(inout metadata_t meta) {
    @id(0x01000201) @name("set_port")
    action set_port(@id(1) ptp_mode_t ptp_mode, @id(2) slot_t slot, @id(3) bit<3> ptp_priority,
                    @id(4) bit<1> listed_masters_only) {
        meta.ptp_mode = ptp_mode;
        meta.slot = slot;
        meta.ptp_priority = ptp_priority;
        meta.listed_masters_only = listed_masters_only;
    }

    @id(0x01000202) @name("unknown_port")
    action unknown_port() {
        meta.slot = SLOT_UNKNOWN;
        meta.drop_reason = DROP_PORT_UNKNOWN;
    }

    @id(0x02000201) @name("port")
    table port {
        key = { meta.ingress_port : exact @id(1) @name("ingress_port"); }
        actions = { set_port; @defaultonly unknown_port; }
        const default_action = unknown_port();
        size = 512;
    }

    apply {
        port.apply();
    }
}

control admit_vlan(in headers_t hdr, inout metadata_t meta) {
    @id(0x01000203) @name("admit")
    action admit(@id(1) vlan_id_t vid) {
        meta.vid = vid;
    }

    @id(0x01000204) @name("not_admitted")
    action not_admitted() {
        meta.drop_reason = DROP_VLAN_NOT_ADMITTED;
    }

    /* The outermost tag is the VLAN, C-tag or S-tag. Without one, vid is 0 and tagged is 0. */
    @id(0x02000202) @name("vlan_admission")
    table vlan_admission {
        key = {
            meta.ingress_port        : exact @id(1) @name("ingress_port");
            hdr.vlan_outer.isValid() : exact @id(2) @name("tagged");
            meta.vid                 : exact @id(3) @name("vid");
        }
        actions = { admit; @defaultonly not_admitted; }
        const default_action = not_admitted();
        size = 16384;
    }

    apply {
        if (hdr.vlan_outer.isValid()) {
            meta.vid = hdr.vlan_outer.vid;
        }
        vlan_admission.apply();
    }
}

control admit_ptp(inout metadata_t meta) {
    @id(0x01000205) @name("drop_malformed")
    action drop_malformed() {
        meta.drop_reason = DROP_MALFORMED;
    }

    @id(0x01000206) @name("pass_malformed")
    action pass_malformed() {}

    /* Dropped unless the controller says otherwise for that reason; counted either way. */
    @id(0x02000203) @name("malformed_policy")
    table malformed_policy {
        key = { meta.malformed : exact @id(1) @name("reason"); }
        actions = { drop_malformed; pass_malformed; }
        const default_action = drop_malformed();
        size = 8;
    }

    apply {
        if (meta.ptp_kind == PTP_KIND_MALFORMED) {
            malformed_policy.apply();
        }
    }
}

#endif
