// Random numbers within bounds, hashes into ranges of any size, checksums of chosen polynomials, hashes
// of fields that are no whole octets.
#include "skeleton.p4"

header frame_t { bit<8> what; bit<8> low; bit<8> high; bit<16> result; }
header odd_t { bit<3> a; bit<13> b; int<8> c; }
struct headers_t { frame_t f; odd_t odd; }
struct metadata_t {}

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        packet.extract(h.f);
        packet.extract(h.odd);
        transition accept;
    }
}

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    apply {
        if (!h.odd.isValid()) {
            mark_to_drop(sm);
            return;
        }
        sm.egress_spec = 1;
        if (h.f.what == 0 && h.f.low <= h.f.high) {
            bit<8> value;
            random(value, h.f.low, h.f.high);
            h.f.result = (value >= h.f.low && value <= h.f.high) ? 16w1 : 0;
        } else if (h.f.what == 1) {
            hash(h.f.result, HashAlgorithm.crc16, (bit<16>)h.f.low, { h.odd.a, h.odd.b, h.odd.c },
                (bit<32>)h.f.high);
            h.f.result = (h.f.result >= (bit<16>)h.f.low &&
                h.f.result < (bit<16>)h.f.low + (bit<16>)h.f.high) ? 16w1 : 0;
        } else if (h.f.what == 2) {
            hash(h.f.result, HashAlgorithm.csum16, 16w0, { h.odd.a, h.odd.b, h.odd.c }, 32w0x10000);
        } else if (h.f.what == 3) {
            hash(h.f.result, HashAlgorithm.xor16, 16w0, { h.odd.c, h.odd.b, h.odd.a }, 32w0x10000);
        } else if (h.f.what == 4) {
            hash(h.f.result, HashAlgorithm.crc16_custom, 16w0, { h.odd.b, h.odd.a, h.odd.c },
                32w0x10000);
        } else if (h.f.what == 5) {
            bit<32> whole;
            hash(whole, HashAlgorithm.crc32_custom, 32w0, { h.odd.b, h.odd.a, h.odd.c },
                64w0x100000000);
            h.f.result = whole[31:16] ^ whole[15:0];
        } else if (h.f.what == 6) {
            hash(h.f.result, HashAlgorithm.identity, 16w3, { h.odd.c }, 32w1);
        }
    }
}

NO_EGRESS(egress)

control deparse(packet_out packet, in headers_t h) {
    apply {
        packet.emit(h.f);
        packet.emit(h.odd);
    }
}

SWITCH(parse, ingress, egress, deparse)
