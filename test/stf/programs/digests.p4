// Digests of structs with headers in them, several lists and several in one pass, and messages for people:
// none of it changes what becomes of the packet.
#include "skeleton.p4"

header frame_t { bit<8> what; bit<48> address; bit<8> port; }
struct headers_t { frame_t f; }
struct metadata_t { bit<3> odd; }
struct learn_t { bit<48> address; bit<9> port; bit<3> odd; }
struct whole_t { frame_t f; bit<8> note; }

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        packet.extract(h.f);
        transition accept;
    }
}

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    apply {
        if (!h.f.isValid()) {
            mark_to_drop(sm);
            return;
        }
        sm.egress_spec = 1;
        m.odd = h.f.port[2:0];
        log_msg("{} came by {}", { h.f.address, sm.ingress_port });
        assert(h.f.isValid());
        assume(sm.ingress_port != 511);
        if ((h.f.what & 1) != 0) {
            digest<learn_t>(1, { h.f.address, sm.ingress_port, m.odd });
        }
        if ((h.f.what & 2) != 0) {
            digest<whole_t>(2, { h.f, 0x5a });
        }
        if ((h.f.what & 4) != 0) { mark_to_drop(sm); }
        h.f.port = (bit<8>)sm.ingress_port;
    }
}

NO_EGRESS(egress)

control deparse(packet_out packet, in headers_t h) {
    apply { packet.emit(h.f); }
}

SWITCH(parse, ingress, egress, deparse)
