// Clones from egress have the headers as egress left them, not as they are sent: those that the deparser
// does not emit, checksums not yet computed, the state of a stack; and the field list's metadata.
#include "skeleton.p4"

header frame_t { bit<8> what; bit<8> count; bit<16> sum; bit<16> length; bit<8> seen; bit<8> kept; bit<16> before; }
header item_t { bit<8> value; }
header hidden_t { bit<16> value; }
struct headers_t { frame_t f; item_t[3] items; hidden_t hidden; hidden_t moved; }
struct metadata_t {
    @field_list(1) bit<8> kept;
    @field_list(1, 2) bit<8> twice;
    bit<8> lost;
}

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        packet.extract(h.f);
        transition select(h.f.count) {
            0: accept;
            default: next_item;
        }
    }
    state next_item {
        packet.extract(h.items.next);
        transition select(h.items.last.value) {
            0x80 &&& 0x80: next_item;
            default: accept;
        }
    }
}

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    apply {
        if (!h.f.isValid()) {
            mark_to_drop(sm);
            return;
        }
        sm.egress_spec = 1;
        h.hidden.setValid();
        h.hidden.value = 0x1234;
        m.kept = 0x11;
        m.twice = 0x22;
        m.lost = 0x44;
    }
}

control egress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    apply {
        if (sm.instance_type == 2) {
            // Valid there, and never sent.
            if (h.hidden.isValid()) { h.f.seen = h.hidden.value[7:0]; }
            if (h.moved.isValid()) { h.f.seen = h.f.seen + h.moved.value[7:0]; }
            h.f.length = (bit<16>)sm.packet_length;
            h.f.before = h.f.sum;
            h.f.kept = m.kept + m.twice + m.lost;
            // What it holds is anybody's guess.
            if (!h.f.isValid()) { return; }
            if (h.f.what == 3) { h.items.push_front(1); h.items[0].setValid(); h.items[0].value = 0x99; }
            if (h.f.what == 6) {
                // Once more, of the clone.
                if (h.hidden.value == 0x1234) {
                    h.hidden.value = 0x4321;
                    clone(CloneType.E2E, 5);
                }
            }
            return;
        }
        h.f.seen = 0;
        h.f.kept = 0;
        if (h.f.what == 1) {
            h.moved.setValid();
            h.moved.value = 1;
            clone_preserving_field_list(CloneType.E2E, 5, 1);
            // After the request as well: it is made at the end.
            h.moved.value = 2;
            m.kept = 0x33;
        } else if (h.f.what == 2) {
            clone_preserving_field_list(CloneType.E2E, 5, 2);
            h.hidden.setInvalid();
            mark_to_drop(sm);
        } else if (h.f.what == 3) {
            clone(CloneType.E2E, 5);
            h.items.pop_front(1);
        } else if (h.f.what == 4) {
            clone(CloneType.E2E, 5);
            h.f.count = 0;
            h.items[0].setInvalid();
            truncate(9);
        } else if (h.f.what == 5) {
            clone(CloneType.E2E, 6);
            h.f.setInvalid();
        } else if (h.f.what == 6) {
            clone(CloneType.E2E, 5);
        } else if (h.f.what == 7) {
            clone(CloneType.E2E, 5);
            recirculate_preserving_field_list(1);
            h.f.what = 8;
        }
    }
}

control no_verify(inout headers_t h, inout metadata_t m) { apply {} }

// Of each frame as it is sent: a clone still finds the sum that came.
control compute(inout headers_t h, inout metadata_t m) {
    apply {
        update_checksum(h.f.isValid() && h.f.what != 9, { h.f.what, h.f.count, h.f.length, h.f.seen },
                        h.f.sum, HashAlgorithm.csum16);
    }
}

control deparse(packet_out packet, in headers_t h) {
    apply {
        packet.emit(h.f);
        packet.emit(h.items);
    }
}

V1Switch(parse(), no_verify(), ingress(), egress(), compute(), deparse()) main;
