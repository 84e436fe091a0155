// Registers, counters in arrays and of entries, an action profile with a selector.
#include "skeleton.p4"

header frame_t { bit<8> what; bit<8> index; bit<32> value; }
struct headers_t { frame_t f; }
struct metadata_t {}

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        packet.extract(h.f);
        transition accept;
    }
}

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    register<bit<32>>(4) cells;
    counter(4, CounterType.packets_and_bytes) seen;
    direct_counter(CounterType.packets) hits;
    action_selector(HashAlgorithm.crc16, 16, 14) ways;
    action note(bit<32> value) { hits.count(); h.f.value = value; }
    action say(bit<32> value) { h.f.value = value; }
    table counted {
        key = { h.f.index: exact; }
        actions = { note; }
        counters = hits;
    }
    table chosen {
        key = { h.f.index: exact; h.f.value: selector; }
        actions = { say; NoAction; }
        implementation = ways;
    }
    apply {
        if (!h.f.isValid()) {
            mark_to_drop(sm);
            return;
        }
        sm.egress_spec = 1;
        if (h.f.what == 0) {
            bit<32> old;
            cells.read(old, (bit<32>)h.f.index[1:0]);
            cells.write((bit<32>)h.f.index[1:0], old + h.f.value);
            h.f.value = old;
        } else if (h.f.what == 1) {
            seen.count((bit<32>)h.f.index[1:0]);
        } else if (h.f.what == 2) {
            counted.apply();
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
