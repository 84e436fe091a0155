// Header unions, alone and in a stack: one member at most is valid; next, last, push, pop, copies.
#include "skeleton.p4"

header kind_t { bit<8> what; bit<8> count; }
header tag_t { bit<8> type; }
header short_t { bit<8> a; }
header long_t { bit<16> b; bit<8> c; }
header_union choice_t { short_t narrow; long_t wide; }
struct headers_t { kind_t kind; tag_t tag; choice_t one; choice_t[2] many; choice_t copy; }
struct metadata_t {}

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        packet.extract(h.kind);
        packet.extract(h.tag);
        transition select(h.tag.type) {
            1: one_narrow;
            2: one_wide;
            default: accept;
        }
    }
    state one_narrow { packet.extract(h.one.narrow); transition rest; }
    state one_wide { packet.extract(h.one.wide); transition rest; }
    state rest {
        transition select(h.kind.count) {
            1: many_narrow;
            2: many_wide;
            default: accept;
        }
    }
    state many_narrow { packet.extract(h.many.next.narrow); transition more; }
    state many_wide { packet.extract(h.many.next.wide); transition more; }
    state more {
        transition select(packet.lookahead<bit<8>>()) {
            0xfa: many_narrow;
            0xfb: many_wide;
            default: accept;
        }
    }
}

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    apply {
        sm.egress_spec = 1;
        if (sm.parser_error != error.NoError) {
            sm.egress_spec = 2;
        }
        if (h.kind.what == 1) {
            h.one.narrow.setValid();
            h.one.narrow.a = 0x77;
        } else if (h.kind.what == 2) {
            h.one.wide.setInvalid();
        } else if (h.kind.what == 3) {
            h.copy = h.one;
        } else if (h.kind.what == 6) {
            h.one.wide = { 0x4444, 0x55 };
        } else if (h.kind.what == 7 && h.one.isValid()) {
            h.tag.type = 0xee;
        }
    }
}

NO_EGRESS(egress)

control deparse(packet_out packet, in headers_t h) {
    apply {
        packet.emit(h.kind);
        packet.emit(h.tag);
        packet.emit(h.one);
        packet.emit(h.many);
        packet.emit(h.copy);
    }
}

SWITCH(parse, ingress, egress, deparse)
