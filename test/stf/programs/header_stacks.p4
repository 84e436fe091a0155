// Header stacks: next, last, lastIndex, a loop over them, push, pop, an index that is computed.
#include "skeleton.p4"

header kind_t { bit<8> what; bit<8> index; }
header label_t { bit<15> value; bit<1> bottom; }
struct headers_t { kind_t kind; label_t[4] labels; }
struct metadata_t { bit<8> depth; }

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        packet.extract(h.kind);
        transition next_label;
    }
    state next_label {
        packet.extract(h.labels.next);
        m.depth = (bit<8>)h.labels.lastIndex + 1;
        transition select(h.labels.last.bottom) {
            0: next_label;
            1: accept;
        }
    }
}

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    apply {
        sm.egress_spec = 1;
        if (sm.parser_error == error.StackOutOfBounds) {
            sm.egress_spec = 2;
        } else if (h.kind.what == 1) {
            h.labels.push_front(1);
            h.labels[0].setValid();
            h.labels[0].value = 0x1234;
            h.labels[0].bottom = 0;
        } else if (h.kind.what == 2) {
            h.labels.pop_front(1);
        } else if (h.kind.what == 3) {
            h.labels[3] = h.labels[0];
        } else if (h.kind.what == 4) {
            h.kind.index = m.depth;
        } else if (h.kind.what == 5) {
            h.labels.push_front(3);
        } else if (h.kind.what == 6 && h.kind.index < 4) {
            h.labels[h.kind.index].value = 0x7777;
        }
    }
}

NO_EGRESS(egress)

control deparse(packet_out packet, in headers_t h) {
    apply {
        packet.emit(h.kind);
        packet.emit(h.labels);
    }
}

SWITCH(parse, ingress, egress, deparse)
