// Checksums: verified and computed, with conditions, over the payload.
#include "skeleton.p4"

header frame_t { bit<8> what; bit<8> wrong; bit<16> a; bit<16> sum; bit<16> all; }
struct headers_t { frame_t f; }
struct metadata_t {}

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        packet.extract(h.f);
        transition accept;
    }
}

control verify_(inout headers_t h, inout metadata_t m) {
    apply {
        verify_checksum(h.f.what == 1, { h.f.what, 8w0, h.f.a }, h.f.sum, HashAlgorithm.csum16);
        verify_checksum_with_payload(h.f.what == 2, { h.f.a }, h.f.all, HashAlgorithm.csum16);
    }
}

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    apply {
        if (!h.f.isValid()) {
            mark_to_drop(sm);
            return;
        }
        sm.egress_spec = 1;
        h.f.wrong = (bit<8>)sm.checksum_error;
    }
}

NO_EGRESS(egress)

control compute(inout headers_t h, inout metadata_t m) {
    apply {
        update_checksum(h.f.what == 3, { h.f.what, 8w0, h.f.a }, h.f.sum, HashAlgorithm.csum16);
        update_checksum_with_payload(h.f.what >= 3, { h.f.a }, h.f.all, HashAlgorithm.csum16);
    }
}

control deparse(packet_out packet, in headers_t h) {
    apply { packet.emit(h.f); }
}

V1Switch(parse(), verify_(), ingress(), egress(), compute(), deparse()) main;
