// assert and assume, in actions and in controls: where they hold, nothing happens. Where one does not,
// simple_switch ends; here the frame does.
#include "skeleton.p4"

header frame_t { bit<8> what; bit<8> count; bit<8> passed; }
struct headers_t { frame_t f; }
struct metadata_t {}

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        packet.extract(h.f);
        transition accept;
    }
}

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    register<bit<8>>(1) seen;

    action note() {
        seen.write(0, h.f.count);
        assume(h.f.what != 2 && h.f.count < 100);
        h.f.passed = h.f.passed + 1;
        seen.write(0, 0xff);
    }

    apply {
        if (!h.f.isValid()) {
            mark_to_drop(sm);
            return;
        }
        sm.egress_spec = 1;
        note();
        if (h.f.what == 3) { clone(CloneType.I2E, 5); }
        assert(h.f.what != 3);
        h.f.passed = h.f.passed + 1;
    }
}

control egress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    apply {
        if (h.f.what == 4) { clone(CloneType.E2E, 5); }
        assert(h.f.what != 4 || sm.instance_type == 2);
        h.f.passed = h.f.passed + 1;
    }
}

control deparse(packet_out packet, in headers_t h) {
    apply { packet.emit(h.f); }
}

SWITCH(parse, ingress, egress, deparse)
