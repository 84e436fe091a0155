// What clones and packets that come again know: of standard_metadata, of headers that were changed, added
// or removed before, of what the parser saw.
#include "skeleton.p4"

header frame_t { bit<8> what; bit<8> flags; bit<8> port; bit<16> length; bit<8> faults; bit<8> seen; }
header extra_t { bit<16> value; }
struct headers_t { frame_t f; extra_t extra; extra_t hidden; }
struct metadata_t { @field_list(1) bit<8> kept; bit<8> parsed; }

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        packet.extract(h.f);
        m.parsed = (bit<8>)sm.ingress_port;
        transition select(h.f.flags) {
            0x80 &&& 0x80: more;
            default: accept;
        }
    }
    state more {
        packet.extract(h.extra);
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
        h.f.faults = sm.parser_error == error.PacketTooShort ? 8w1 : 0;
        if (sm.instance_type == 4) {
            h.f.port = (bit<8>)sm.ingress_port;
            h.f.length = (bit<16>)sm.packet_length;
            h.f.seen = m.kept + 0x40;
            return;
        }
        m.kept = 0x11;
        h.f.seen = 0x22;
        if (h.f.what == 1) { clone_preserving_field_list(CloneType.I2E, 5, 1); }
        else if (h.f.what == 2) { clone(CloneType.I2E, 5); h.extra.setInvalid(); }
        else if (h.f.what == 7) { clone(CloneType.I2E, 6); sm.mcast_grp = 7; }
    }
}

control egress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    apply {
        if (sm.instance_type == 1 || sm.instance_type == 2) {
            h.f.port = (bit<8>)sm.ingress_port | (bit<8>)sm.egress_rid << 4;
            h.f.length = (bit<16>)sm.packet_length;
            h.f.seen = m.kept + m.parsed;
            if (h.extra.isValid()) { h.f.seen = h.f.seen | 0x80; }
            if (sm.ingress_global_timestamp != 0) { h.f.faults = h.f.faults | 2; }
            if (sm.parser_error != error.NoError) { h.f.faults = h.f.faults | 4; }
            return;
        }
        if (h.f.what == 3) {
            h.extra.setValid();
            h.extra.value = 0x5555;
            h.f.flags = h.f.flags | 0x80;
            clone_preserving_field_list(CloneType.E2E, 5, 1);
        } else if (h.f.what == 4) {
            h.extra.value = 0x6666;
            clone(CloneType.E2E, 5);
        } else if (h.f.what == 5) {
            clone(CloneType.E2E, 6);
            mark_to_drop(sm);
        } else if (h.f.what == 6 && h.f.seen == 0x22) {
            recirculate_preserving_field_list(1);
        }
    }
}

control deparse(packet_out packet, in headers_t h) {
    apply {
        packet.emit(h.f);
        packet.emit(h.extra);
    }
}

SWITCH(parse, ingress, egress, deparse)
