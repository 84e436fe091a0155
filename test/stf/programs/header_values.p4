// Headers as values: assigned whole, compared, made of lists, turned valid and invalid; structs, tuples,
// enums with and without numbers; sizes that the compiler knows.
#include "skeleton.p4"

enum bit<8> kind_t { NONE = 0, COPY = 1, SWAP = 2, COMPARE = 3, LIST = 4, INVALID = 5, AGAIN = 6 }
enum colour_t { RED, GREEN, BLUE }

header head_t { bit<8> what; bit<8> result; }
header pair_t { bit<8> x; bit<16> y; }
struct point_t { bit<8> x; bit<16> y; }
struct headers_t { head_t head; pair_t one; pair_t two; }
struct metadata_t { point_t point; bit<1> flag; bool was; }

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        packet.extract(h.head);
        packet.extract(h.one);
        transition select(h.head.what) {
            0x80 &&& 0x80: accept;
            default: second;
        }
    }
    state second {
        packet.extract(h.two);
        transition accept;
    }
}

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    apply {
        if (!h.one.isValid()) {
            mark_to_drop(sm);
            return;
        }
        sm.egress_spec = 1;
        bit<8> what = h.head.what & 0x7f;
        colour_t colour = colour_t.RED;
        if (what == (bit<8>)kind_t.COPY) {
            h.two = h.one;
        } else if (what == (bit<8>)kind_t.SWAP) {
            pair_t kept = h.one;
            h.one = h.two;
            h.two = kept;
            colour = colour_t.GREEN;
        } else if (what == (bit<8>)kind_t.COMPARE) {
            if (h.one == h.two) { colour = colour_t.BLUE; }
        } else if (what == (bit<8>)kind_t.LIST) {
            h.two = { 0x11, 0x2233 };
            m.point = { x = 7, y = 0x0809 };
            m.was = h.two.isValid();
            h.one.x = m.point.x;
            h.one.y = m.point.y + (m.was ? (bit<16>)1 : 0);
        } else if (what == (bit<8>)kind_t.INVALID) {
            h.two.setInvalid();
            m.flag = 1;
        } else if (what == (bit<8>)kind_t.AGAIN) {
            h.two.setInvalid();
            h.two.setValid();
            h.two.x = 0x99;
            h.two.y = 0x9999;
        }
        if (colour == colour_t.RED) {
            h.head.result = (bit<8>)m.flag;
        } else if (colour == colour_t.GREEN) {
            h.head.result = (bit<8>)h.one.minSizeInBytes();
        } else {
            h.head.result = (bit<8>)h.head.minSizeInBits();
        }
    }
}

NO_EGRESS(egress)

control deparse(packet_out packet, in headers_t h) {
    apply {
        packet.emit(h.head);
        packet.emit(h.one);
        packet.emit(h.two);
    }
}

SWITCH(parse, ingress, egress, deparse)
