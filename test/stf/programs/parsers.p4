// Parsers: lookahead, advance, verify, masks, ranges and errors.
#include "skeleton.p4"

error { Odd }

header kind_t { bit<4> what; bit<12> value; }
header pair_t { bit<8> x; bit<8> y; }
struct headers_t { kind_t kind; pair_t pair; }
struct metadata_t { bit<16> seen; }

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        packet.extract(h.kind);
        transition select(h.kind.what, h.kind.value) {
            (1, _): look;
            (2, _): skip;
            (3, _): check;
            (4, 0x100 &&& 0xf00): pair;
            (4, 0x200 .. 0x2ff): look;
            (5, _): skip_much;
            default: accept;
        }
    }
    state look {
        m.seen = packet.lookahead<bit<16>>();
        transition select(packet.lookahead<bit<4>>()) {
            0xa: pair;
            default: accept;
        }
    }
    state skip {
        packet.advance(16);
        transition pair;
    }
    state skip_much {
        packet.advance((bit<32>)h.kind.value);
        transition pair;
    }
    state check {
        verify((h.kind.value & 1) == 0, error.Odd);
        transition pair;
    }
    state pair {
        packet.extract(h.pair);
        transition accept;
    }
}

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    apply {
        sm.egress_spec = 1;
        if (sm.parser_error == error.Odd) {
            sm.egress_spec = 2;
        } else if (sm.parser_error == error.PacketTooShort) {
            sm.egress_spec = 3;
        } else if (sm.parser_error != error.NoError) {
            sm.egress_spec = 4;
        }
        if (h.pair.isValid()) {
            h.pair.y = h.pair.x + 1;
        } else if (m.seen != 0) {
            h.pair.setValid();
            h.pair.x = m.seen[15:8];
            h.pair.y = m.seen[7:0];
        }
    }
}

NO_EGRESS(egress)

control deparse(packet_out packet, in headers_t h) {
    apply {
        packet.emit(h.kind);
        packet.emit(h.pair);
    }
}

SWITCH(parse, ingress, egress, deparse)
