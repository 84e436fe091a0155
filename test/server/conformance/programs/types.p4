// Types that a controller sees otherwise than the dataplane, and P4Data of each kind. Frames are those of
// conformance.p4.
#define V1MODEL_VERSION 20200408
#include <core.p4>
#include <v1model.p4>

const bit<9> CPU_PORT = 510;

@p4runtime_translation("example.org/conformance/PortId_t", bit<32>)
type bit<9> port_t;
@p4runtime_translation("example.org/conformance/name_t", string)
type bit<16> name_t;
type bit<16> plain_t;

enum bit<8> kind_t {
    QUERY = 1,
    ANSWER = 2
}

@controller_header("packet_out")
header packet_out_t {
    @id(1) port_t port;
    @id(2) bit<7> pad;
}

@controller_header("packet_in")
header packet_in_t {
    @id(1) port_t port;
    @id(2) bit<7> pad;
}

header request_t {
    bit<8> what;
    bit<48> address;
    bit<32> number;
    bit<16> port;
    bit<8> answer;
}

header label_t {
    bit<4> name;
    bit<12> value;
}

header long_label_t {
    bit<32> value;
}

header_union labels_t {
    label_t narrow;
    long_label_t wide;
}

struct headers_t {
    packet_out_t packet_out;
    packet_in_t packet_in;
    request_t request;
    label_t label;
    labels_t labels;
}

struct metadata_t {
    port_t port;
    name_t name;
    bit<1> in_set;
}

struct place_t {
    bit<8> what;
    int<8> level;
}

struct learn_t {
    place_t place;
    label_t label;
    kind_t kind;
    bool is_zero;
    port_t port;
    labels_t labels;
}

struct member_t {
    @id(1) bit<8> what;
    @id(2) @match(ternary) bit<16> port;
}

parser parse(packet_in packet, out headers_t hdr, inout metadata_t meta,
             inout standard_metadata_t sm) {
    @id(1) value_set<member_t>(4) places;

    state start {
        transition select(sm.ingress_port) {
            CPU_PORT: from_controller;
            default: request;
        }
    }

    state from_controller {
        packet.extract(hdr.packet_out);
        transition request;
    }

    state request {
        packet.extract(hdr.request);
        transition select(hdr.request.what, hdr.request.port) {
            places: is_member;
            default: may_have_label;
        }
    }

    state is_member {
        meta.in_set = 1;
        transition may_have_label;
    }

    state may_have_label {
        transition select(hdr.request.number) {
            0x1abe1: label;
            0x1abe2: narrow;
            0x1abe3: wide;
            default: accept;
        }
    }

    state narrow {
        packet.extract(hdr.labels.narrow);
        transition accept;
    }

    state wide {
        packet.extract(hdr.labels.wide);
        transition accept;
    }

    state label {
        packet.extract(hdr.label);
        transition accept;
    }
}

control no_verify(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

control ingress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t sm) {
    @id(1) counter<port_t>(511, CounterType.packets) of_port;
    @id(1) meter<port_t>(511, MeterType.packets) limit_of_port;
    @id(1) register<int<8>, bit<32>>(4) levels;
    @id(2) register<kind_t, bit<32>>(4) kinds;
    @id(3) register<plain_t, bit<32>>(4) plains;
    @id(4) register<port_t, port_t>(511) ports;
    @id(5) register<int<12>, bit<32>>(4) heights;
    @id(1) action_selector(HashAlgorithm.crc16, 32w16, 32w16) watched;

    @id(1) action say(@id(1) bit<8> answer) {
        hdr.request.answer = answer;
    }

    @id(2) action send(@id(1) port_t port) {
        sm.egress_spec = (bit<9>)port;
    }

    @id(3) action nothing() {
    }

    @id(4) action call(@id(1) name_t name) {
        meta.name = name;
    }

    @id(1) table by_port {
        key = {
            meta.port: exact @name("port") @id(1);
        }
        actions = {
            say;
            send;
            nothing;
        }
        default_action = nothing;
        size = 16;
    }

    @id(2) table by_ports {
        key = {
            meta.port: ternary @name("port") @id(1);
        }
        actions = {
            say;
            nothing;
        }
        default_action = nothing;
        size = 16;
    }

    @id(3) table to_name {
        key = {
            hdr.request.port: exact @name("port") @id(1);
        }
        actions = {
            call;
            nothing;
        }
        default_action = nothing;
        size = 16;
    }

    @id(4) table by_name {
        key = {
            meta.name: exact @name("name") @id(1);
        }
        actions = {
            say;
            nothing;
        }
        default_action = nothing;
        size = 16;
    }

    @id(5) table by_names {
        key = {
            meta.name: ternary @name("name") @id(1);
        }
        actions = {
            say;
            nothing;
        }
        default_action = nothing;
        size = 16;
    }

    @id(6) table grouped {
        key = {
            hdr.request.port: exact @name("port") @id(1);
            hdr.request.number: selector;
        }
        actions = {
            say;
            nothing;
        }
        implementation = watched;
        size = 16;
    }

    apply {
        sm.egress_spec = sm.ingress_port;
        meta.port = (port_t)(bit<9>)hdr.request.port;
        if (!hdr.request.isValid()) {
            mark_to_drop(sm);
        } else if (hdr.request.what == 1) {
            by_port.apply();
        } else if (hdr.request.what == 2) {
            by_ports.apply();
        } else if (hdr.request.what == 3) {
            to_name.apply();
            by_name.apply();
            by_names.apply();
        } else if (hdr.request.what == 4) {
            of_port.count(meta.port);
            limit_of_port.execute_meter(meta.port, hdr.request.answer);
        } else if (hdr.request.what == 5) {
            int<8> level;
            int<12> height;
            kind_t kind;
            plain_t plain;
            port_t port;
            levels.read(level, 0);
            heights.read(height, 0);
            kinds.read(kind, 0);
            plains.read(plain, 0);
            ports.read(port, meta.port);
            hdr.request.answer = (bit<8>)level;
            if (height < 0 || kind == kind_t.ANSWER || (bit<16>)plain == 1 || (bit<9>)port == 1) {
                hdr.request.answer = hdr.request.answer ^ 0x55;
            }
        } else if (hdr.request.what == 6) {
            digest<learn_t>(1, {{hdr.request.what, (int<8>)hdr.request.answer}, hdr.label,
                                kind_t.ANSWER, hdr.request.port == 0, meta.port, hdr.labels});
        } else if (hdr.request.what == 7) {
            sm.mcast_grp = 5;
        } else if (hdr.request.what == 8) {
            grouped.apply();
        } else if (hdr.request.what == 9) {
            if (hdr.packet_out.isValid()) {
                hdr.request.answer = ((bit<9>)hdr.packet_out.port)[7:0];
            }
        } else {
            hdr.request.answer = (bit<8>)meta.in_set;
        }
    }
}

control egress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t sm) {
    apply {
        hdr.packet_out.setInvalid();
        if (sm.egress_port == CPU_PORT) {
            hdr.packet_in.setValid();
            hdr.packet_in.port = (port_t)sm.ingress_port;
            hdr.packet_in.pad = 0;
        }
    }
}

control no_update(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

control deparse(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.packet_in);
        packet.emit(hdr.request);
        packet.emit(hdr.label);
        packet.emit(hdr.labels);
    }
}

V1Switch(parse(), no_verify(), ingress(), egress(), no_update(), deparse()) main;
