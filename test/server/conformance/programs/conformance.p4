// One of everything that P4Runtime can write, read or hear of. A frame comes as a packet-out and goes
// back as a packet-in, one of another port by that port; `what` says which construct it meets, `answer`
// what that did. next.p4 is the program that follows it.
#include <core.p4>
#include <v1model.p4>

#ifdef NEXT
#define SEEN_CELLS 16
#define FIXED_ANSWER 0xc9
#define SMALL_SIZE 1
#else
#define SEEN_CELLS 8
#define FIXED_ANSWER 0xc1
#define SMALL_SIZE 2
#endif

const bit<9> CPU_PORT = 510;
const bit<32> CLONE_SESSION = 100;
const bit<16> MULTICAST_GROUP = 5;
const bit<32> INGRESS_CLONE = 1;

@controller_header("packet_out")
header packet_out_t {
    @id(1) bit<9> tag;
    @id(2) bit<7> pad;
}

@controller_header("packet_in")
header packet_in_t {
    @id(1) bit<9> ingress_port;
    @id(2) bit<7> reason;
}

header request_t {
    bit<8> what;
    bit<48> address;
    bit<32> number;
    bit<16> port;
    bit<8> answer;
}

struct headers_t {
    packet_out_t packet_out;
    packet_in_t packet_in;
    request_t request;
}

struct metadata_t {
    bit<1> in_set;
}

struct learn_t {
    bit<48> address;
    bit<16> port;
}

parser parse(packet_in packet, out headers_t hdr, inout metadata_t meta,
             inout standard_metadata_t sm) {
    @id(1) value_set<bit<16>>(4) known_ports;

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
        transition select(hdr.request.port) {
            known_ports: is_known;
            default: accept;
        }
    }

    state is_known {
        meta.in_set = 1;
        transition accept;
    }
}

control no_verify(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

control ingress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t sm) {
    @id(1) direct_counter(CounterType.packets_and_bytes) exactly_hits;
    @id(1) direct_meter<bit<8>>(MeterType.packets) metered_meter;
    @id(1) counter(SEEN_CELLS, CounterType.packets_and_bytes) seen;
    @id(2) counter(4, CounterType.packets) other_seen;
    @id(1) meter(4, MeterType.packets) limits;
    @id(1) register<bit<32>>(8) cells;
    @id(1) action_profile(4) plain;
    @id(2) @max_group_size(4) action_selector(HashAlgorithm.crc16, 32w16, 32w16) shared;

    @id(1) action say(@id(1) bit<8> answer) {
        hdr.request.answer = answer;
    }

    @id(2) action say_wide(@id(1) bit<8> answer, @id(2) bit<128> wide) {
        hdr.request.answer = answer ^ wide[7:0];
    }

    @id(3) action nothing() {
    }

    @id(4) action say_counted(@id(1) bit<8> answer) {
        hdr.request.answer = answer;
        exactly_hits.count();
    }

    @id(6) action base(@id(1) bit<8> answer) {
        hdr.request.answer = answer;
    }

    @id(7) action plus(@id(1) bit<8> more) {
        hdr.request.answer = hdr.request.answer + more;
    }

    @id(5) action say_metered(@id(1) bit<8> answer) {
        hdr.request.answer = answer;
        metered_meter.read(hdr.request.answer);
    }

#ifdef NEXT
    @id(13) table extra {
        key = {
            hdr.request.number: exact @name("number") @id(1);
        }
        actions = {
            say;
            nothing;
        }
        default_action = nothing;
        size = 16;
    }
#endif

    @id(1) table exactly {
        key = {
            hdr.request.address: exact @name("address") @id(1);
            hdr.request.port: exact @name("port") @id(2);
        }
        actions = {
            say_counted;
            nothing;
        }
        default_action = nothing;
        counters = exactly_hits;
        size = 64;
    }

    @id(2) table prefix {
        key = {
            hdr.request.number: lpm @name("number") @id(1);
        }
        actions = {
            say;
            say_wide;
            nothing;
        }
        default_action = nothing;
        size = 64;
    }

    @id(3) table masked {
        key = {
            hdr.request.number: ternary @name("number") @id(1);
            hdr.request.port: range @name("port") @id(2);
            hdr.request.what: optional @name("what") @id(3);
        }
        actions = {
            say;
            nothing;
        }
        default_action = nothing;
        size = 64;
    }

    @id(4) table fixed {
        key = {
            hdr.request.number: ternary @name("number") @id(1);
        }
        actions = {
            say;
            nothing;
        }
        const entries = {
            0x01: say(FIXED_ANSWER);
            0x02 &&& 0x02: say(0xc2);
        }
        const default_action = nothing;
    }

    @id(5) table always {
        actions = {
            say;
            nothing;
        }
        default_action = say(0xd1);
    }

    @id(6) table scoped {
        key = {
            hdr.request.port: exact @name("port") @id(1);
        }
        actions = {
            @tableonly say;
            @defaultonly nothing;
        }
        default_action = nothing;
        size = 16;
    }

    @id(7) table indirect {
        key = {
            hdr.request.port: exact @name("port") @id(1);
        }
        actions = {
            say;
            nothing;
        }
        implementation = plain;
        size = 16;
    }

    @id(8) table grouped {
        key = {
            hdr.request.port: exact @name("port") @id(1);
            hdr.request.number: selector;
        }
        actions = {
            say;
            @groupaction base;
            plus;
            nothing;
        }
        implementation = shared;
        size = 16;
    }

    @id(9) table metered {
        key = {
            hdr.request.port: exact @name("port") @id(1);
        }
        actions = {
            say_metered;
            nothing;
        }
        default_action = nothing;
        meters = metered_meter;
        size = 16;
    }

    @id(10) table aged {
        key = {
            hdr.request.port: exact @name("port") @id(1);
        }
        actions = {
            say;
            nothing;
        }
        default_action = nothing;
        support_timeout = true;
        size = 16;
    }

    @id(11) table small {
        key = {
            hdr.request.port: exact @name("port") @id(1);
        }
        actions = {
            say;
            nothing;
        }
        default_action = nothing;
        size = SMALL_SIZE;
    }

    @id(12) table started {
        key = {
            hdr.request.port: exact @name("port") @id(1);
        }
        actions = {
            say;
            nothing;
        }
        entries = {
            const 1: say(0xe1);
            2: say(0xe2);
#ifdef NEXT
            3: say(0xe3);
#endif
        }
        default_action = nothing;
        size = 16;
    }

    apply {
        sm.egress_spec = sm.ingress_port;
        bit<32> index = hdr.request.number & 7;
#ifdef NEXT
        extra.apply();
#endif
        if (!hdr.request.isValid()) {
            mark_to_drop(sm);
        } else if (hdr.request.what == 1) {
            exactly.apply();
        } else if (hdr.request.what == 2) {
            prefix.apply();
        } else if (hdr.request.what == 3) {
            masked.apply();
        } else if (hdr.request.what == 4) {
            fixed.apply();
        } else if (hdr.request.what == 5) {
            always.apply();
        } else if (hdr.request.what == 6) {
            scoped.apply();
        } else if (hdr.request.what == 7) {
            indirect.apply();
        } else if (hdr.request.what == 8) {
            grouped.apply();
        } else if (hdr.request.what == 9) {
            metered.apply();
        } else if (hdr.request.what == 10) {
            aged.apply();
        } else if (hdr.request.what == 11) {
            small.apply();
        } else if (hdr.request.what == 12) {
            seen.count(index);
            other_seen.count(index & 3);
        } else if (hdr.request.what == 13) {
            limits.execute_meter(index & 3, hdr.request.answer);
        } else if (hdr.request.what == 14) {
            bit<32> value;
            @atomic {
                cells.read(value, index);
                cells.write(index, value + 1);
            }
            hdr.request.answer = value[7:0];
        } else if (hdr.request.what == 15) {
            hdr.request.answer = (bit<8>)meta.in_set;
        } else if (hdr.request.what == 16) {
            digest<learn_t>(1, {hdr.request.address, hdr.request.port});
        } else if (hdr.request.what == 17) {
            sm.mcast_grp = MULTICAST_GROUP;
        } else if (hdr.request.what == 18) {
            clone(CloneType.I2E, CLONE_SESSION);
            mark_to_drop(sm);
        } else if (hdr.request.what == 19) {
            hdr.request.answer = hdr.packet_out.tag[7:0];
        } else if (hdr.request.what == 20) {
            started.apply();
        }
    }
}

control egress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t sm) {
    apply {
        if (hdr.request.what == 17) {
            hdr.request.answer = sm.egress_rid[7:0];
        }
        if (sm.instance_type == INGRESS_CLONE) {
            hdr.request.answer = 0xc1;
        }
        hdr.packet_out.setInvalid();
        if (sm.egress_port == CPU_PORT) {
            hdr.packet_in.setValid();
            hdr.packet_in.ingress_port = sm.ingress_port;
            hdr.packet_in.reason = hdr.request.what[6:0];
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
    }
}

V1Switch(parse(), no_verify(), ingress(), egress(), no_update(), deparse()) main;
