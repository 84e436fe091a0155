// Hashes of every algorithm, and random numbers.
#include "skeleton.p4"

header frame_t { bit<8> what; bit<16> a; bit<4> b; bit<12> c; bit<32> result; }
struct headers_t { frame_t f; }
struct metadata_t {}

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        packet.extract(h.f);
        transition accept;
    }
}

#define HASH(algorithm)                                                                        \
    { hash(h.f.result, HashAlgorithm.algorithm, 32w0, { h.f.a, h.f.b, h.f.c }, 64w0x100000000); }

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    apply {
        if (!h.f.isValid()) {
            mark_to_drop(sm);
            return;
        }
        sm.egress_spec = 1;
        if (h.f.what == 0) HASH(crc16)
        else if (h.f.what == 1) HASH(crc32)
        else if (h.f.what == 2) HASH(csum16)
        else if (h.f.what == 3) HASH(xor16)
        else if (h.f.what == 4) HASH(identity)
        else if (h.f.what == 5) {
            hash(h.f.result, HashAlgorithm.crc32, 32w10, { h.f.a }, 32w7);
        } else if (h.f.what == 6) {
            random(h.f.result, 5, 5);
        }
    }
}

NO_EGRESS(egress)

control deparse(packet_out packet, in headers_t h) {
    apply { packet.emit(h.f); }
}

SWITCH(parse, ingress, egress, deparse)
