// Keys and values wider than a word: addresses of 128 bits matched in each way, by masks, prefixes and
// ranges, with other keys beside; arguments and arithmetic as wide.
#include "skeleton.p4"

header frame_t { bit<8> what; bit<128> a; bit<48> b; bit<16> c; }
struct headers_t { frame_t f; }
struct metadata_t {}

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        packet.extract(h.f);
        transition accept;
    }
}

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    action say(bit<16> what) { h.f.c = what; }
    action replace(bit<128> a, bit<48> b) { h.f.a = a; h.f.b = b; }
    action add(bit<128> a) { h.f.a = h.f.a + a; h.f.b = h.f.b |-| 1; }
    table whole {
        key = { h.f.a: exact; h.f.b: exact; }
        actions = { say; replace; add; NoAction; }
        default_action = NoAction;
    }
    table prefix {
        key = { h.f.a: lpm; }
        actions = { say; NoAction; }
        default_action = say(0xd1d1);
    }
    table masked {
        key = { h.f.a: ternary; h.f.b: range; h.f.c: optional; }
        actions = { say; NoAction; }
        default_action = NoAction;
    }
    apply {
        if (!h.f.isValid()) {
            mark_to_drop(sm);
            return;
        }
        sm.egress_spec = 1;
        if (h.f.what == 0) { whole.apply(); }
        else if (h.f.what == 1) { prefix.apply(); }
        else if (h.f.what == 2) { masked.apply(); }
        else if (h.f.what == 3) { h.f.c = (h.f.a[127:64] > h.f.a[63:0]) ? 16w1 : 2; }
        else if (h.f.what == 4) { h.f.a = h.f.a[63:0] ++ h.f.a[127:64]; }
        else if (h.f.what == 5) { h.f.a = (h.f.a >> 4) ^ (h.f.a << 4) ^ ~h.f.a; }
    }
}

NO_EGRESS(egress)

control deparse(packet_out packet, in headers_t h) {
    apply { packet.emit(h.f); }
}

SWITCH(parse, ingress, egress, deparse)
