// Meters of two rates, in an array.
#include "skeleton.p4"

header frame_t { bit<8> what; bit<8> index; bit<8> colour; }
struct headers_t { frame_t f; }
struct metadata_t {}

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        packet.extract(h.f);
        transition accept;
    }
}

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    meter(4, MeterType.packets) limits;
    apply {
        if (!h.f.isValid()) {
            mark_to_drop(sm);
            return;
        }
        sm.egress_spec = 1;
        bit<8> colour = 0;
        limits.execute_meter<bit<8>>((bit<32>)h.f.index[1:0], colour);
        h.f.colour = colour;
    }
}

NO_EGRESS(egress)

control deparse(packet_out packet, in headers_t h) {
    apply { packet.emit(h.f); }
}

SWITCH(parse, ingress, egress, deparse)
