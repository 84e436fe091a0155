// standard_metadata, what p4c makes of returns and nested calls, log_msg, assert, assume.
#include "skeleton.p4"

header frame_t {
    bit<8> what; bit<8> port; bit<16> length; bit<8> kind; bit<8> rid; bit<8> result; bit<8> last;
}
struct headers_t { frame_t f; }
struct metadata_t {}

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        packet.extract(h.f);
        transition accept;
    }
}

control inner(inout bit<8> value) {
    apply {
        if (value == 3) { return; }
        value = value + 0x10;
    }
}

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    inner() nested;
    apply {
        if (!h.f.isValid()) {
            mark_to_drop(sm);
            return;
        }
        log_msg("a frame of {} octets", { sm.packet_length });
        assert(sm.packet_length > 0);
        assume(sm.packet_length > 0);
        sm.egress_spec = (bit<9>)h.f.what;
        h.f.port = (bit<8>)sm.ingress_port;
        h.f.length = (bit<16>)sm.packet_length;
        nested.apply(h.f.what);
        if (h.f.result == 1) { mark_to_drop(sm); }
        if (h.f.result == 2) { mark_to_drop(sm); sm.egress_spec = 2; }
    }
}

control egress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    apply {
        h.f.kind = (bit<8>)sm.instance_type;
        h.f.rid = (bit<8>)sm.egress_rid;
        h.f.result = (bit<8>)sm.egress_port;
        if (sm.egress_port == 4) { mark_to_drop(sm); }
    }
}

control deparse(packet_out packet, in headers_t h) {
    apply { packet.emit(h.f); }
}

SWITCH(parse, ingress, egress, deparse)
