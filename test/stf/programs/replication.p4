// Clones from ingress and egress with metadata, resubmit, recirculate, multicast, truncate, exit.
#include "skeleton.p4"

header frame_t { bit<8> what; bit<8> trace; bit<8> kind; }
struct headers_t { frame_t f; }
struct metadata_t {
    @field_list(1) bit<8> kept;
    bit<8> lost;
}

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        packet.extract(h.f);
        transition accept;
    }
}

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    apply {
        if (!h.f.isValid()) {
            mark_to_drop(sm);
            return;
        }
        sm.egress_spec = 1;
        if (sm.instance_type == 6 || sm.instance_type == 4) {
            h.f.trace = h.f.trace + m.kept + m.lost;
            h.f.kind = (bit<8>)sm.instance_type;
            exit;
        }
        m.kept = 0x11;
        m.lost = 0x22;
        if (h.f.what == 1) { clone_preserving_field_list(CloneType.I2E, 5, 1); }
        else if (h.f.what == 3) { resubmit_preserving_field_list(1); }
        else if (h.f.what == 5) { sm.mcast_grp = 7; }
        else if (h.f.what == 6) { truncate(4); }
        else if (h.f.what == 7) { mark_to_drop(sm); clone(CloneType.I2E, 5); }
    }
}

control egress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    apply {
        if (sm.instance_type == 1 || sm.instance_type == 2) {
            h.f.kind = (bit<8>)sm.instance_type;
            h.f.trace = m.kept + m.lost;
        } else if (sm.instance_type == 5) {
            h.f.kind = 5;
            h.f.trace = (bit<8>)sm.egress_rid;
        } else if (h.f.what == 2) {
            h.f.trace = 0x99;
            clone_preserving_field_list(CloneType.E2E, 5, 1);
        } else if (h.f.what == 4 && h.f.kind != 4) {
            // Egress cannot tell by instance_type whether it did so before.
            recirculate_preserving_field_list(1);
        }
    }
}

control deparse(packet_out packet, in headers_t h) {
    apply { packet.emit(h.f); }
}

SWITCH(parse, ingress, egress, deparse)
