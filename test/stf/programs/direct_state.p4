// What belongs to entries: counters of packets, octets and both, a meter; an action profile without
// selector; a register as wide as an address, one of a signed number; counters in egress.
#include "skeleton.p4"

header frame_t { bit<8> what; bit<8> key; bit<8> colour; bit<48> value; }
struct headers_t { frame_t f; }
struct metadata_t { bit<8> colour; }

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        packet.extract(h.f);
        transition accept;
    }
}

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    direct_counter(CounterType.packets_and_bytes) both;
    direct_counter(CounterType.bytes) octets;
    direct_meter<bit<8>>(MeterType.bytes) limit;
    action_profile(4) ways;
    register<bit<48>>(2) addresses;
    register<int<16>>(1) levels;
    action to(bit<9> port) { both.count(); sm.egress_spec = port; }
    action mark(bit<8> value) { octets.count(); limit.read(m.colour); h.f.key = value; }
    action write(bit<8> value) { h.f.key = value; }
    table forward {
        key = { h.f.key: exact; }
        actions = { to; }
        counters = both;
    }
    table measured {
        key = { h.f.key: ternary; }
        actions = { mark; NoAction; }
        counters = octets;
        meters = limit;
        default_action = NoAction;
    }
    table shared {
        key = { h.f.key: exact; }
        actions = { write; NoAction; }
        implementation = ways;
    }
    apply {
        if (!h.f.isValid()) {
            mark_to_drop(sm);
            return;
        }
        sm.egress_spec = 1;
        if (h.f.what == 0) {
            forward.apply();
        } else if (h.f.what == 1) {
            m.colour = 0x77;
            measured.apply();
            h.f.colour = m.colour;
        } else if (h.f.what == 2) {
            shared.apply();
        } else if (h.f.what == 3) {
            bit<48> old;
            addresses.read(old, (bit<32>)h.f.key[0:0]);
            addresses.write((bit<32>)h.f.key[0:0], h.f.value);
            h.f.value = old;
        } else if (h.f.what == 4) {
            int<16> level;
            levels.read(level, 0);
            level = level - (int<16>)h.f.value[15:0];
            levels.write(0, level);
            h.f.value = (bit<48>)(int<48>)level;
        }
    }
}

control egress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    counter(512, CounterType.bytes) sent;
    apply { sent.count((bit<32>)sm.egress_port); }
}

control deparse(packet_out packet, in headers_t h) {
    apply { packet.emit(h.f); }
}

SWITCH(parse, ingress, egress, deparse)
