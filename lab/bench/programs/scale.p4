// Tables as large as a real network's, one of each kind, for benchmarks of writing and of looking up.
// A frame's EtherType says which of them it goes through, so that each can be measured alone.
#include <core.p4>
#include <v1model.p4>

const bit<16> TYPE_HOST = 0x8801;
const bit<16> TYPE_ROUTE = 0x8802;
const bit<16> TYPE_POLICY = 0x8803;

header ethernet_t {
    bit<48> dst;
    bit<48> src;
    bit<16> type;
}

// What the three tables match, at fixed places in the frame.
header flow_t {
    bit<12> vid;
    bit<4> reserved;
    bit<32> src;
    bit<32> dst;
    bit<8> protocol;
    bit<16> src_port;
    bit<16> dst_port;
}

struct headers_t {
    ethernet_t ethernet;
    flow_t flow;
}

struct metadata_t {}

parser parse(packet_in p, out headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    state start {
        p.extract(h.ethernet);
        p.extract(h.flow);
        transition accept;
    }
}

control ingress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    action forward(bit<9> port) {
        sm.egress_spec = port;
    }
    action drop() {
        mark_to_drop(sm);
    }

    @id(1)
    table host {
        key = {
            h.ethernet.dst : exact @name("dst");
            h.flow.vid : exact @name("vid");
        }
        actions = { forward; drop; }
        const default_action = drop();
        size = 1048576;
    }

    @id(2)
    table route {
        key = { h.flow.dst : lpm @name("dst"); }
        actions = { forward; drop; }
        const default_action = drop();
        size = 131072;
    }

    @id(3)
    table policy {
        key = {
            h.flow.src : ternary @name("src");
            h.flow.dst : ternary @name("dst");
            h.flow.protocol : ternary @name("protocol");
            h.flow.src_port : range @name("src_port");
            h.flow.dst_port : range @name("dst_port");
        }
        actions = { forward; drop; }
        const default_action = drop();
        size = 16384;
    }

    apply {
        if (h.ethernet.type == TYPE_HOST) {
            host.apply();
        } else if (h.ethernet.type == TYPE_ROUTE) {
            route.apply();
        } else if (h.ethernet.type == TYPE_POLICY) {
            policy.apply();
        } else {
            drop();
        }
    }
}

control egress(inout headers_t h, inout metadata_t m, inout standard_metadata_t sm) {
    apply {}
}

control deparse(packet_out p, in headers_t h) {
    apply {
        p.emit(h.ethernet);
        p.emit(h.flow);
    }
}

control verify_nothing(inout headers_t h, inout metadata_t m) {
    apply {}
}

control compute_nothing(inout headers_t h, inout metadata_t m) {
    apply {}
}

V1Switch(parse(), verify_nothing(), ingress(), egress(), compute_nothing(), deparse()) main;
