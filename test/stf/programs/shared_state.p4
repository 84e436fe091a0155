// State that every frame changes: a ticket from a register, with a second register that must always
// say the same, counters and meters in arrays and of entries, a digest now and then. What comes out
// shows whether frames that are handled at the same time get in each other's way.
#include "skeleton.p4"

header frame_t {
    bit<16> port;
    bit<16> stream;
    bit<32> sequence;
    bit<32> ticket;
    bit<8>  colour;
    bit<8>  entry_colour;
    bit<16> differs;
}
struct headers_t { frame_t f; }
struct metadata_t { bit<32> other; }
struct note_t { bit<16> stream; bit<32> sequence; bit<32> ticket; }

parser parse(packet_in packet, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        packet.extract(h.f);
        transition accept;
    }
}

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    register<bit<32>>(2) tickets;
    register<bit<32>>(2) again;
    counter(4, CounterType.packets_and_bytes) seen;
    counter(4, CounterType.packets) colours;
    meter(1, MeterType.packets) rates;
    direct_counter(CounterType.packets_and_bytes) hits;
    direct_meter<bit<8>>(MeterType.packets) entry_rates;
    action draw() {
        tickets.read(h.f.ticket, 0);
        again.read(m.other, 1);
        h.f.differs = h.f.ticket == m.other ? 16w0 : 16w1;
        tickets.write(0, h.f.ticket + 1);
        again.write(1, m.other + 1);
    }
    action pass() { hits.count(); entry_rates.read(h.f.entry_colour); }
    table flows {
        key = { h.f.stream: exact; }
        actions = { pass; NoAction; }
        counters = hits;
        meters = entry_rates;
        default_action = NoAction();
    }
    apply {
        if (!h.f.isValid()) {
            mark_to_drop(sm);
            return;
        }
        sm.egress_spec = (bit<9>)h.f.port;
        draw();
        flows.apply();
        rates.execute_meter<bit<8>>(0, h.f.colour);
        colours.count((bit<32>)h.f.colour);
        seen.count((bit<32>)h.f.stream[1:0]);
        if (h.f.sequence[2:0] == 0) {
            digest<note_t>(1, { h.f.stream, h.f.sequence, h.f.ticket });
        }
    }
}

control egress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    counter(4, CounterType.packets_and_bytes) left;
    apply { left.count((bit<32>)h.f.stream[1:0]); }
}

control deparse(packet_out packet, in headers_t h) {
    apply { packet.emit(h.f); }
}

SWITCH(parse, ingress, egress, deparse)
