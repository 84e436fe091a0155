// HashAlgorithm.random, which simple_switch does not take: a number of its own for each frame, within the
// bounds that the program gives, whatever is hashed; and a selector that chooses by it.
#include "skeleton.p4"

header frame_t { bit<8> what; bit<16> key; bit<32> result; bit<8> member; }
struct headers_t { frame_t f; }
struct metadata_t { bit<32> first; bit<32> second; }

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        packet.extract(h.f);
        transition accept;
    }
}

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    action say(bit<8> member) { h.f.member = member; }

    table chosen {
        key = {
            h.f.what: exact;
            h.f.key: selector;
        }
        actions = { say; NoAction; }
        default_action = NoAction;
        @name("members") implementation = action_selector(HashAlgorithm.random, 8, 8);
    }

    apply {
        if (!h.f.isValid()) {
            mark_to_drop(sm);
            return;
        }
        sm.egress_spec = 1;
        if (h.f.what == 0) {
            hash(m.first, HashAlgorithm.random, 32w100, { h.f.key }, 32w50);
            // What is compared is that it lies in the bounds.
            h.f.result = m.first >= 100 && m.first < 150 ? 32w1 : 0;
        } else if (h.f.what == 1) {
            // Two of the same key differ: once in 2^32 they do not.
            hash(m.first, HashAlgorithm.random, 32w0, { h.f.key }, 64w0x100000000);
            hash(m.second, HashAlgorithm.random, 32w0, { h.f.key }, 64w0x100000000);
            h.f.result = m.first != m.second ? 32w1 : 0;
        } else if (h.f.what == 2) {
            hash(h.f.result, HashAlgorithm.random, 32w7, { h.f.key }, 32w1);
        } else if (h.f.what == 3) {
            chosen.apply();
        }
    }
}

NO_EGRESS(egress)

control deparse(packet_out packet, in headers_t h) {
    apply { packet.emit(h.f); }
}

SWITCH(parse, ingress, egress, deparse)
