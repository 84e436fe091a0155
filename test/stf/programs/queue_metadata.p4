// What the traffic manager tells: queues, times, priorities, ports, lengths, and what of it is there
// before and behind it; packets that go through ingress again keep their length, and lose the rest.
#include "skeleton.p4"

header frame_t {
    bit<8> what; bit<8> kind; bit<16> length; bit<16> depth; bit<8> ports; bit<8> order; bit<8> priority;
}
struct headers_t { frame_t f; }
struct metadata_t { @field_list(1) bit<8> rounds; @field_list(1) bit<48> arrived; }

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
        sm.priority = h.f.priority[2:0];
        // Nothing of egress is known yet.
        h.f.ports = (bit<8>)sm.egress_port | (bit<8>)sm.egress_rid;
        h.f.depth = (bit<16>)sm.enq_qdepth | (bit<16>)sm.deq_qdepth;
        h.f.length = (bit<16>)sm.packet_length;
        h.f.kind = (bit<8>)sm.instance_type;
        if (h.f.what == 1 && m.rounds < 2) {
            m.rounds = m.rounds + 1;
            m.arrived = sm.ingress_global_timestamp;
            resubmit_preserving_field_list(1);
        }
    }
}

control egress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    apply {
        h.f.order = 0;
        if (sm.egress_global_timestamp >= sm.ingress_global_timestamp) { h.f.order = h.f.order | 1; }
        if (sm.deq_timedelta < 1000000) { h.f.order = h.f.order | 2; }
        if (sm.ingress_global_timestamp >= m.arrived) { h.f.order = h.f.order | 4; }
        if (sm.packet_length == (bit<32>)h.f.length) { h.f.order = h.f.order | 8; }
        h.f.priority = (bit<8>)sm.priority;
        h.f.ports = h.f.ports | (bit<8>)sm.egress_port << 4 | (bit<8>)sm.ingress_port;
        if (h.f.what == 2 && m.rounds == 0) {
            m.rounds = 1;
            recirculate_preserving_field_list(1);
        }
    }
}

control deparse(packet_out packet, in headers_t h) {
    apply { packet.emit(h.f); }
}

SWITCH(parse, ingress, egress, deparse)
