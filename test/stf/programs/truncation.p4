// Truncation in ingress, in egress, beyond the packet, to nothing but headers, to nothing at all, and of
// clones alone; what the deparser adds counts. The shortest of several lengths counts, and copies of a
// group, clones and packets that come again forget it: as in simple_switch.
#include "skeleton.p4"

header frame_t { bit<8> what; bit<8> keep; }
header more_t { bit<32> value; }
struct headers_t { frame_t f; more_t more; }
struct metadata_t {}

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
        if (h.f.what == 1) { truncate((bit<32>)h.f.keep); }
        else if (h.f.what == 3) {
            h.more.setValid();
            h.more.value = 0x11223344;
            truncate((bit<32>)h.f.keep);
        } else if (h.f.what == 4) { clone(CloneType.I2E, 5); }
        else if (h.f.what == 5) {
            truncate((bit<32>)h.f.keep);
            truncate(5);
        } else if (h.f.what == 6) {
            truncate(3);
            sm.mcast_grp = 7;
        } else if (h.f.what == 7) {
            truncate(3);
            clone(CloneType.I2E, 5);
        } else if (h.f.what == 9) { truncate(6); }
    }
}

control egress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    apply {
        if (h.f.what == 2) { truncate((bit<32>)h.f.keep); }
        if (h.f.what == 8 && sm.instance_type == 0) {
            truncate(3);
            h.f.what = 0;
            recirculate_preserving_field_list(0);
        }
        if (h.f.what == 9) {
            truncate((bit<32>)h.f.keep);
            if (sm.instance_type == 0) { clone(CloneType.E2E, 5); }
        }
        if (h.f.what == 4 && sm.instance_type == 1) { truncate((bit<32>)h.f.keep); }
    }
}

control deparse(packet_out packet, in headers_t h) {
    apply {
        packet.emit(h.f);
        packet.emit(h.more);
    }
}

SWITCH(parse, ingress, egress, deparse)
