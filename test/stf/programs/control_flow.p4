// Conditions inside of actions, exit and return at every depth, switches on values, keyless tables,
// a table's hit inside of a condition, calls of controls with parameters in each direction.
#include "skeleton.p4"

header frame_t { bit<8> what; bit<8> a; bit<8> b; bit<8> trace; }
struct headers_t { frame_t f; }
struct metadata_t { bit<8> seen; }

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        packet.extract(h.f);
        transition accept;
    }
}

control adder(in bit<8> left, inout bit<8> right, out bit<8> sum) {
    apply {
        sum = left + right;
        right = 0xaa;
        if (sum == 0) { exit; }
    }
}

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    adder() add;
    action compare() {
        if (h.f.a < h.f.b) {
            h.f.trace = 1;
        } else if (h.f.a == h.f.b) {
            h.f.trace = 2;
            exit;
        } else {
            h.f.trace = 3;
            return;
        }
        h.f.trace = h.f.trace | 0x80;
    }
    action largest(bit<8> limit) {
        bit<8> most = h.f.a > h.f.b ? h.f.a : h.f.b;
        h.f.trace = most > limit ? limit : most;
    }
    table always {
        actions = { compare; }
        const default_action = compare;
    }
    table bound {
        key = { h.f.a[3:0]: exact @name("low"); }
        actions = { largest; NoAction; }
        default_action = largest(0x20);
    }
    table other {
        key = { h.f.a[3:0]: exact @name("low"); }
        actions = { largest; NoAction; }
        default_action = NoAction;
    }
    apply {
        if (!h.f.isValid()) {
            mark_to_drop(sm);
            return;
        }
        sm.egress_spec = 1;
        if (h.f.what == 0) {
            always.apply();
            h.f.trace = h.f.trace + 1;
        } else if (h.f.what == 1) {
            if (bound.apply().hit) { sm.egress_spec = 2; }
        } else if (h.f.what == 2) {
            add.apply(h.f.a, h.f.b, h.f.trace);
            sm.egress_spec = 3;
        } else if (h.f.what == 3) {
            switch (h.f.a) {
                1: { h.f.trace = 0x11; }
                2:
                3: { h.f.trace = 0x23; }
                default: { h.f.trace = 0xdd; }
            }
        } else if (h.f.what == 4 && (h.f.a != 0 || h.f.b == 9)) {
            if (!other.apply().hit && h.f.b > 1) { return; }
            h.f.trace = 0x44;
        }
        m.seen = 1;
        h.f.b = h.f.b + m.seen;
    }
}

control egress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    apply {
        // An exit in ingress is not one of egress.
        h.f.what = h.f.what | 0x40;
    }
}

control deparse(packet_out packet, in headers_t h) {
    apply { packet.emit(h.f); }
}

SWITCH(parse, ingress, egress, deparse)
