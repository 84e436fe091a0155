// Varbits: how long they are is in the packet. Errors, copies, comparisons, fields behind, a checksum.
#include "skeleton.p4"

header kind_t { bit<8> what; bit<8> bits; }
header options_t { bit<8> first; varbit<32> options; bit<16> sum; }
header other_t { varbit<32> options; }
struct headers_t { kind_t kind; options_t a; other_t b; }
struct metadata_t {}

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        packet.extract(h.kind);
        packet.extract(h.a, (bit<32>)h.kind.bits);
        transition select(h.kind.what) {
            0 .. 7: accept;
            default: second;
        }
    }
    state second {
        packet.extract(h.b, 16);
        transition accept;
    }
}

control verify_(inout headers_t h, inout metadata_t m) { apply {} }

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    apply {
        sm.egress_spec = 1;
        if (sm.parser_error == error.HeaderTooShort) {
            sm.egress_spec = 2;
        } else if (sm.parser_error == error.ParserInvalidArgument) {
            sm.egress_spec = 3;
        } else if (sm.parser_error == error.PacketTooShort) {
            sm.egress_spec = 4;
        } else if (h.kind.what == 8) {
            h.a.options = h.b.options;
        } else if (h.kind.what == 9) {
            if (h.a.options == h.b.options) {
                h.kind.what = 0xee;
            }
        } else if (h.kind.what == 10) {
            h.b.setInvalid();
        } else if (h.kind.what == 1) {
            h.a.first = 0xdd;
        }
    }
}

NO_EGRESS(egress)

control compute(inout headers_t h, inout metadata_t m) {
    apply {
        update_checksum(h.kind.what == 2, { h.a.first, 8w0, h.a.options }, h.a.sum,
            HashAlgorithm.csum16);
    }
}

control deparse(packet_out packet, in headers_t h) {
    apply {
        packet.emit(h.kind);
        packet.emit(h.a);
        packet.emit(h.b);
    }
}

V1Switch(parse(), verify_(), ingress(), egress(), compute(), deparse()) main;
