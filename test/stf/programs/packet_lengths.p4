// packet_length in egress: what came, and what setValid and setInvalid changed since; not what is
// assigned or pushed. In ingress, and in what comes again, the length of the frame.
#include "skeleton.p4"

header frame_t { bit<8> what; bit<16> before; bit<16> after; bit<8> count; }
header pair_t { bit<16> value; }
header item_t { bit<8> value; }
header flexible_t { bit<8> length; varbit<64> rest; }
header_union either_t { pair_t pair; item_t item; }
struct headers_t { frame_t f; pair_t a; pair_t b; flexible_t v; item_t[4] items; either_t either; }
struct metadata_t { @field_list(1) bit<8> passes; }

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        packet.extract(h.f);
        transition select(h.f.what) {
            0x80 &&& 0x80: more;
            default: accept;
        }
    }
    state more {
        packet.extract(h.a);
        packet.extract(h.v, (bit<32>)(packet.lookahead<bit<8>>() & 7) * 8);
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
        h.f.before = (bit<16>)sm.packet_length;
        if (h.f.what == 1) { h.a.setValid(); h.a.setValid(); }
        else if (h.f.what == 2) { h.b = { 7 }; }
        else if (h.f.what == 3) { h.items[0].setValid(); h.items[1].setValid(); h.items[1].setInvalid(); }
        else if (h.f.what == 4) { h.items.push_front(2); h.items[0].setValid(); h.items.pop_front(1); }
        else if (h.f.what == 5) { h.either.item.setValid(); h.either.pair.setValid(); }
        else if (h.f.what == 6) { h.v.setValid(); }
        else if (h.f.what == 7) { h.b.setInvalid(); }
        else if (h.f.what == 8) { sm.packet_length = 5; }
        else if (h.f.what == 9) { h.a.setValid(); sm.mcast_grp = 7; }
        else if (h.f.what == 10) { h.a.setValid(); clone(CloneType.I2E, 5); }
        else if (h.f.what == 11 && sm.instance_type == 0) { h.a.setValid(); resubmit_preserving_field_list(1); }
        else if (h.f.what == 0x81) { h.a.setInvalid(); }
        else if (h.f.what == 0x82) { h.v.setInvalid(); }
        else if (h.f.what == 0x83) { h.b = h.a; h.a.setInvalid(); }
    }
}

control egress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    apply {
        h.f.after = (bit<16>)sm.packet_length;
        if (h.f.what == 12 && m.passes == 0) {
            m.passes = 1;
            h.a.setValid();
            recirculate_preserving_field_list(1);
        } else if (h.f.what == 13 && sm.instance_type == 0) {
            h.a.setValid();
            clone(CloneType.E2E, 5);
            h.b.setValid();
            h.f.count = (bit<8>)sm.packet_length;
        }
    }
}

control deparse(packet_out packet, in headers_t h) {
    apply {
        packet.emit(h.f);
        packet.emit(h.a);
        packet.emit(h.b);
        packet.emit(h.v);
        packet.emit(h.items);
        packet.emit(h.either);
    }
}

SWITCH(parse, ingress, egress, deparse)
