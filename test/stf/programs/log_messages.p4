// log_msg: of every type, in every block. What it says is held in test/stf/log-messages.test.ts.
#include "skeleton.p4"

header frame_t { bit<8> what; int<8> signed; bit<48> address; }
header large_t { bit<128> bits; int<64> signed; bit<200> wide; }
struct headers_t { frame_t f; large_t l; }
enum kind_t { FIRST, SECOND, THIRD }
struct metadata_t { kind_t kind; bit<4> carried; }

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        log_msg("by port {}", { sm.ingress_port });
        packet.extract(h.f);
        log_msg("what={}", { h.f.what });
        transition select(h.f.what) {
            5: large;
            default: accept;
        }
    }
    state large {
        packet.extract(h.l);
        transition accept;
    }
}

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    action say(bit<16> argument, bit<9> port) {
        log_msg("argument {} to port {}", { argument, port });
        sm.egress_spec = port;
    }
    table chosen {
        key = { h.f.what: exact; }
        actions = { say; NoAction; }
        const entries = { 2: say(0xffff, 2); }
        default_action = say(7, 1);
    }

    apply {
        m.kind = kind_t.SECOND;
        m.carried = 9;
        if (h.f.what == 1) {
            log_msg("only this");
            log_msg("frame {}", { h.f });
            log_msg("valid {} larger {} error {}", { h.f.isValid(), h.f.what > 3, sm.parser_error });
            log_msg("sum {} difference {}", { h.f.what + 255, h.f.signed - 127 });
            log_msg("kind {} error {}", { m.kind, error.PacketTooShort });
        }
        if (h.l.isValid()) {
            log_msg("large {}", { h.l });
            log_msg("joined {}", { h.l.bits ++ h.f.address });
        }
        if (h.f.what == 3) {
            log_msg("not \\{this\\}: {anything}\n{:x}", { h.f.what, h.f.signed });
        }
        chosen.apply();
    }
}

control egress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    apply {
        log_msg("carried {} to port {}", { m.carried, sm.egress_port });
        h.f.what = h.f.what + 1;
    }
}

control deparse(packet_out packet, in headers_t h) {
    apply {
        packet.emit(h);
        log_msg("sent with what={}", { h.f.what });
    }
}

SWITCH(parse, ingress, egress, deparse)
