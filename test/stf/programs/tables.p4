// Tables: exact, LPM, ternary, range and optional keys, const entries, priorities, hit and action_run.
#include "skeleton.p4"

header frame_t { bit<8> what; bit<32> key; bit<8> result; }
struct headers_t { frame_t f; }
struct metadata_t {}

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        packet.extract(h.f);
        transition accept;
    }
}

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    action say(bit<8> what) { h.f.result = what; }
    action say_and_drop(bit<8> what) { h.f.result = what; mark_to_drop(sm); }
    table exactly {
        key = { h.f.key: exact; h.f.isValid(): exact @name("valid"); }
        actions = { say; say_and_drop; NoAction; }
        default_action = NoAction;
    }
    table prefix {
        key = { h.f.key: lpm; }
        actions = { say; }
        default_action = say(0xd1);
    }
    table masked {
        key = { h.f.key: ternary; h.f.result: optional; }
        actions = { say; say_and_drop; }
        size = 16;
    }
    table between {
        key = { h.f.key[15:0]: range @name("low"); }
        actions = { say; @defaultonly NoAction; }
        default_action = NoAction;
    }
    table fixed {
        key = { h.f.key[7:0]: ternary @name("octet"); h.f.key[31:16]: range @name("high"); }
        actions = { say; NoAction; }
        const entries = {
            (0x01, 0 .. 0x0f): say(0xc1);
            (0x01 &&& 0x01, _): say(0xc2);
            (_, 0x1000 .. 0x1fff): say(0xc3);
        }
        const default_action = NoAction;
    }
    apply {
        if (!h.f.isValid()) {
            mark_to_drop(sm);
            return;
        }
        sm.egress_spec = 1;
        if (h.f.what == 0) {
            if (!exactly.apply().hit) { h.f.result = 0x99; }
        } else if (h.f.what == 1) {
            prefix.apply();
        } else if (h.f.what == 2) {
            switch (masked.apply().action_run) {
                say: { sm.egress_spec = 2; }
                say_and_drop: { }
                default: { sm.egress_spec = 3; }
            }
        } else if (h.f.what == 3) {
            between.apply();
        } else if (h.f.what == 4) {
            fixed.apply();
        }
    }
}

NO_EGRESS(egress)

control deparse(packet_out packet, in headers_t h) {
    apply { packet.emit(h.f); }
}

SWITCH(parse, ingress, egress, deparse)
