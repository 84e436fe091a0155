// Value sets: of one field and of several, beside constants and masks; what comes first goes before.
#include "skeleton.p4"

header frame_t { bit<16> type; bit<8> a; bit<8> b; bit<8> way; }
struct headers_t { frame_t f; }
struct metadata_t { bit<8> way; }
struct pair_t { bit<8> a; bit<8> b; }

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    value_set<bit<16>>(4) types;
    value_set<pair_t>(4) pairs;
    value_set<pair_t>(2) others;
    state start {
        packet.extract(h.f);
        transition select(h.f.type) {
            0x0800: fixed;
            types: known;
            default: look;
        }
    }
    state fixed {
        m.way = 1;
        transition accept;
    }
    state known {
        m.way = 2;
        transition accept;
    }
    state look {
        transition select(h.f.a, h.f.b) {
            pairs: pair;
            others: other;
            (0x70 &&& 0xf0, _): masked;
            default: accept;
        }
    }
    state pair {
        m.way = 3;
        transition accept;
    }
    state masked {
        m.way = 5;
        transition accept;
    }
    state other {
        m.way = 4;
        transition accept;
    }
}

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    apply {
        sm.egress_spec = 1;
        h.f.way = m.way;
    }
}

NO_EGRESS(egress)

control deparse(packet_out packet, in headers_t h) {
    apply { packet.emit(h.f); }
}

SWITCH(parse, ingress, egress, deparse)
