// Arithmetic of more than 128 bits: what arithmetic.p4 does, and what keeps and finds such numbers.
#include "skeleton.p4"

header kind_t { bit<8> what; bit<8> n; }
header operands_t { bit<256> a; bit<256> b; int<200> c; int<200> d; }
header result_t { bit<512> r; }
struct headers_t { kind_t kind; operands_t o; result_t result; }
struct metadata_t { bit<160> ahead; bit<272> far; bit<8> seen; }

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    value_set<bit<256>>(4) known;

    state start {
        packet.extract(h.kind);
        m.ahead = packet.lookahead<bit<160>>();
        m.far = packet.lookahead<bit<272>>();
        packet.extract(h.o);
        transition select(h.o.b) {
            known: seen;
            0x8000_0000_0000_0000_0000_0000_0000_0000_0000_0000_0000_0000_0000_0000_0000_0000
                &&& 0xC000_0000_0000_0000_0000_0000_0000_0000_0000_0000_0000_0000_0000_0000_0000_000F: masked;
            default: accept;
        }
    }

    state seen {
        m.seen = 1;
        transition accept;
    }

    state masked {
        m.seen = 2;
        transition accept;
    }
}

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    register<bit<256>>(4) kept;
    bit<512> r = 0;

    action give(bit<256> value, bit<8> by) { r = (bit<512>)value << by; }

    table by_value {
        key = { h.o.a: exact; h.o.c: exact; }
        actions = { give; NoAction; }
        const default_action = NoAction();
    }

    table by_mask {
        key = { h.o.a: ternary; h.kind.n: exact; }
        actions = { give; NoAction; }
        const default_action = NoAction();
        const entries = {
            (256w0 &&& (256w0xFF << 248), 7): give(1, 200);
            (_, 8): give(256w1 << 255, 3);
        }
    }

    table by_range {
        key = { h.o.a: range; h.kind.n: ternary; }
        actions = { give; NoAction; }
        const default_action = NoAction();
    }

    apply {
        if (!h.o.isValid()) {
            mark_to_drop(sm);
            return;
        }
        sm.egress_spec = 1;
        h.result.setValid();
        bit<256> a = h.o.a;
        bit<256> b = h.o.b;
        int<200> c = h.o.c;
        int<200> d = h.o.d;
        bit<8> w = h.kind.what;
        bit<8> n = h.kind.n;
        if (w == 0) { r = (bit<512>)(a + b); }
        else if (w == 1) { r = (bit<512>)(a - b); }
        else if (w == 2) { r = (bit<512>)(a * b); }
        else if (w == 3) { r = (bit<512>)(a |+| b); }
        else if (w == 4) { r = (bit<512>)(a |-| b); }
        else if (w == 5) { r = (bit<512>)(bit<200>)(c |+| d); }
        else if (w == 6) { r = (bit<512>)(bit<200>)(c |-| d); }
        else if (w == 7) { r = (bit<512>)(int<512>)c; }
        else if (w == 8) { r = (bit<512>)(a << n); }
        else if (w == 9) { r = (bit<512>)(a >> n); }
        else if (w == 10) { r = (bit<512>)(bit<200>)(c >> n); }
        else if (w == 11) { r = (bit<512>)(a[199:8] ++ b[129:1] ++ n); }
        else if (w == 12) { r = (bit<512>)((a & b) ^ (a | ~b)); }
        else if (w == 13) { r = a < b ? 512w1 : (a == b ? 512w2 : 512w3); }
        else if (w == 14) { r = c < d ? 512w1 : (c >= -5 ? 512w2 : 512w3); }
        else if (w == 15) { r = (bit<512>)-a; }
        else if (w == 16) { h.o.a[223:64] = b[191:32]; }
        else if (w == 17) {
            bit<256> before;
            kept.read(before, (bit<32>)n[1:0]);
            kept.write((bit<32>)n[1:0], a + 1);
            r = (bit<512>)before;
        }
        else if (w == 18) { r = (bit<512>)a * (bit<512>)b; }
        else if (w == 19) { r = (bit<512>)(bit<200>)(c * d); }
        else if (w == 20) {
            bit<300> sum;
            hash(sum, HashAlgorithm.crc32, (bit<64>)16, { a, h.o.c }, (bit<64>)0x1_0000_0000);
            r = (bit<512>)sum;
        }
        else if (w == 21) { by_value.apply(); }
        else if (w == 22) { by_mask.apply(); }
        else if (w == 23) { r = (m.seen ++ 504w0) | (bit<512>)m.ahead; }
        else if (w == 24) { r = (bit<512>)m.far; }
        else if (w == 25) { h.o.d = (int<200>)(bit<200>)b; h.o.c = c - d; }
        else if (w == 26) { by_range.apply(); }
        h.result.r = r;
    }
}

NO_EGRESS(egress)

control deparse(packet_out packet, in headers_t h) {
    apply {
        packet.emit(h.kind);
        packet.emit(h.o);
        packet.emit(h.result);
    }
}

SWITCH(parse, ingress, egress, deparse)
