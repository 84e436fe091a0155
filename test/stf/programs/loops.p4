// for loops, of which p4c makes jumps: with a bound of the packet, nested, left and gone on with early,
// without a turn, and with what follows them. (It takes no for-in loops for bmv2.)
#include "skeleton.p4"

header frame_t { bit<8> what; bit<8> count; bit<16> sum; bit<8> turns; }
struct headers_t { frame_t f; }
struct metadata_t {}

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        packet.extract(h.f);
        transition accept;
    }
}

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    register<bit<16>>(8) cells;

    action add_up() {
        // As many turns as the packet says: p4c cannot unroll it.
        for (bit<16> i = 0; i < (bit<16>)h.f.count; i = i + 1) {
            h.f.sum = h.f.sum + i;
            h.f.turns = h.f.turns + 1;
        }
    }
    action add_some() {
        for (bit<8> i = 0; i < h.f.count; i = i + 1) {
            if (i == 2) { continue; }
            if (i == 6) { break; }
            h.f.sum = h.f.sum + (bit<16>)i;
            h.f.turns = h.f.turns + 1;
        }
        h.f.turns = h.f.turns | 0x80;
    }
    action nest() {
        for (bit<8> i = 1; i < h.f.count; i = i + 1) {
            for (bit<8> j = i; j < h.f.count; j = j + 1) {
                h.f.turns = h.f.turns + 1;
                if (j == 5) { break; }
            }
            h.f.sum = h.f.sum + (bit<16>)h.f.turns;
        }
    }
    action store() {
        for (bit<32> i = 0; i < 8; i = i + 1) {
            cells.write(i, (bit<16>)(i * i) + (bit<16>)h.f.count);
        }
    }
    action load() {
        bit<16> value;
        for (bit<32> i = 0; i < (bit<32>)h.f.count; i = i + 1) {
            cells.read(value, i & 7);
            h.f.sum = h.f.sum + value;
        }
    }

    apply {
        if (!h.f.isValid()) {
            mark_to_drop(sm);
            return;
        }
        sm.egress_spec = 1;
        if (h.f.what == 0) { add_up(); }
        else if (h.f.what == 1) { add_some(); }
        else if (h.f.what == 2) { nest(); }
        else if (h.f.what == 3) {
            store();
            load();
        }
    }
}

NO_EGRESS(egress)

control deparse(packet_out packet, in headers_t h) {
    apply { packet.emit(h.f); }
}

SWITCH(parse, ingress, egress, deparse)
