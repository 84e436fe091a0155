// mark_to_drop on copies of standard_metadata, as actions and controls with such a parameter have: what it
// set is copied back, or not, and what is set behind it counts.
#include "skeleton.p4"

header frame_t { bit<8> what; bit<8> seen; }
struct headers_t { frame_t f; }
struct metadata_t {}

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        packet.extract(h.f);
        transition accept;
    }
}

action drop(inout standard_metadata_t smeta) {
    mark_to_drop(smeta);
}

control forget(in standard_metadata_t smeta, out bit<9> port) {
    standard_metadata_t own;
    apply {
        own = smeta;
        mark_to_drop(own);
        port = own.egress_spec;
    }
}

control drop_all(inout standard_metadata_t smeta) {
    apply { mark_to_drop(smeta); }
}

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    forget() forgets;
    drop_all() drops;
    table choose {
        key = { h.f.what: exact @name("what"); }
        actions = { drop(sm); NoAction; }
        default_action = NoAction();
    }
    apply {
        if (!h.f.isValid()) {
            mark_to_drop(sm);
            return;
        }
        sm.egress_spec = 1;
        bit<9> port = 0;
        if (h.f.what == 4) { sm.mcast_grp = 7; }
        choose.apply();
        if (h.f.what == 2) {
            forgets.apply(sm, port);
            h.f.seen = port[8:1];
        } else if (h.f.what == 3) {
            drops.apply(sm);
            sm.egress_spec = 2;
        } else if (h.f.what == 5) {
            drops.apply(sm);
        }
    }
}

control egress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    apply {
        if (h.f.what == 6) { drop(sm); }
    }
}

control deparse(packet_out packet, in headers_t h) {
    apply { packet.emit(h.f); }
}

SWITCH(parse, ingress, egress, deparse)
