// Arithmetic of any width: wrapping, saturating, signed, shifts, slices, concatenations, casts.
#include "skeleton.p4"

header kind_t { bit<8> what; }
header operands_t { bit<8> a; bit<8> b; bit<48> c; bit<48> d; int<16> e; int<16> f; }
header result_t { bit<128> r; }
struct headers_t { kind_t kind; operands_t o; result_t result; }
struct metadata_t {}

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        packet.extract(h.kind);
        packet.extract(h.o);
        transition accept;
    }
}

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    apply {
        if (!h.o.isValid()) {
            mark_to_drop(sm);
            return;
        }
        sm.egress_spec = 1;
        h.result.setValid();
        bit<128> r = 0;
        bit<8> w = h.kind.what;
        if (w == 0) { r = (bit<128>)(h.o.a + h.o.b); }
        else if (w == 1) { r = (bit<128>)(h.o.a - h.o.b); }
        else if (w == 2) { r = (bit<128>)(h.o.c * h.o.d); }
        else if (w == 3) { r = (bit<128>)(h.o.a |+| h.o.b); }
        else if (w == 4) { r = (bit<128>)(h.o.a |-| h.o.b); }
        else if (w == 5) { r = (bit<128>)(bit<16>)(h.o.e |+| h.o.f); }
        else if (w == 6) { r = (bit<128>)(bit<16>)(h.o.e |-| h.o.f); }
        else if (w == 7) { r = (bit<128>)(bit<64>)(int<64>)h.o.e; }
        else if (w == 8) { r = (bit<128>)(h.o.c << h.o.a); }
        else if (w == 9) { r = (bit<128>)(h.o.c >> h.o.a); }
        else if (w == 10) { r = (bit<128>)(bit<16>)(h.o.e >> h.o.a); }
        else if (w == 11) { r = (bit<128>)(h.o.c[39:8] ++ h.o.d[7:0] ++ h.o.a); }
        else if (w == 12) { r = (bit<128>)((h.o.c & h.o.d) ^ (h.o.c | ~h.o.d)); }
        else if (w == 13) { r = (h.o.e < h.o.f) ? (bit<128>)1 : 0; }
        else if (w == 14) { r = (bit<128>)h.o.c << 70; }
        else if (w == 15) { r = (bit<128>)-h.o.a; }
        else if (w == 16) { h.o.c[23:8] = h.o.d[47:32]; }
        else if (w == 17) { r = (bit<128>)((h.o.c > h.o.d ? 1w1 : 0) ++ (h.o.a >= h.o.b ? 1w1 : 0)); }
        else if (w == 18) { r = (bit<128>)(bit<16>)(h.o.e * h.o.f); }
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
