/*
 * clock.p4: PTP time from the target's ticks.
 *
 * The controller disciplines the clock by writing a reference: at reference_ticks it was
 * seconds.nanoseconds, and from there it runs by rate_offset. Until it does there is no PTP time;
 * where only differences matter (peer delay) the ticks themselves count, as time since 0.
 */
#ifndef TIMEPLANE_CLOCK_P4
#define TIMEPLANE_CLOCK_P4

#include "types.p4"
#include "residence.p4"

const bit<64> NS_PER_S = 1000000000;

/* How far before its reference a clock may be read: a frame may be older than the last reference. */
const bit<64> CLOCK_LOOKBACK_S = 16;

control read_clock(inout metadata_t meta) {
    @id(0x01000901) @name("set_clock")
    action set_clock(@id(1) ticks_t reference_ticks, @id(2) bit<48> seconds,
                     @id(3) bit<32> nanoseconds, @id(4) rate_offset_t rate_offset) {
        meta.clock_set = 1;
        meta.clock_ticks = reference_ticks;
        meta.clock_seconds = seconds;
        meta.clock_nanoseconds = nanoseconds;
        meta.clock_rate_offset = rate_offset;
    }

    @id(0x01000902) @name("free_running")
    action free_running() {}

    @id(0x02000901) @name("clock")
    table clock {
        actions = { set_clock; free_running; }
        default_action = free_running();
    }

    apply {
        clock.apply();
    }
}

/*
 * The instant `ticks` on the clock that was read: from 16 s before its reference to 2^47 ticks after
 * it, 39 hours of nanoseconds. Beyond that there is no PTP time: clock_set becomes 0, and the ticks
 * count as they do where the clock was never set.
 */
control ptp_time(inout metadata_t meta, in ticks_t ticks, out bit<48> seconds,
                 out bit<32> nanoseconds) {
    bit<64> rest = 0;

    @hidden
    action take_seconds() {
        /* Division by 10^9, bit by bit: the quotient is below 2^19. */
        if (rest >= (NS_PER_S << 18)) { rest = rest - (NS_PER_S << 18); seconds = seconds + (1 << 18); }
        if (rest >= (NS_PER_S << 17)) { rest = rest - (NS_PER_S << 17); seconds = seconds + (1 << 17); }
        if (rest >= (NS_PER_S << 16)) { rest = rest - (NS_PER_S << 16); seconds = seconds + (1 << 16); }
        if (rest >= (NS_PER_S << 15)) { rest = rest - (NS_PER_S << 15); seconds = seconds + (1 << 15); }
        if (rest >= (NS_PER_S << 14)) { rest = rest - (NS_PER_S << 14); seconds = seconds + (1 << 14); }
        if (rest >= (NS_PER_S << 13)) { rest = rest - (NS_PER_S << 13); seconds = seconds + (1 << 13); }
        if (rest >= (NS_PER_S << 12)) { rest = rest - (NS_PER_S << 12); seconds = seconds + (1 << 12); }
        if (rest >= (NS_PER_S << 11)) { rest = rest - (NS_PER_S << 11); seconds = seconds + (1 << 11); }
        if (rest >= (NS_PER_S << 10)) { rest = rest - (NS_PER_S << 10); seconds = seconds + (1 << 10); }
        if (rest >= (NS_PER_S << 9)) { rest = rest - (NS_PER_S << 9); seconds = seconds + (1 << 9); }
        if (rest >= (NS_PER_S << 8)) { rest = rest - (NS_PER_S << 8); seconds = seconds + (1 << 8); }
        if (rest >= (NS_PER_S << 7)) { rest = rest - (NS_PER_S << 7); seconds = seconds + (1 << 7); }
        if (rest >= (NS_PER_S << 6)) { rest = rest - (NS_PER_S << 6); seconds = seconds + (1 << 6); }
        if (rest >= (NS_PER_S << 5)) { rest = rest - (NS_PER_S << 5); seconds = seconds + (1 << 5); }
        if (rest >= (NS_PER_S << 4)) { rest = rest - (NS_PER_S << 4); seconds = seconds + (1 << 4); }
        if (rest >= (NS_PER_S << 3)) { rest = rest - (NS_PER_S << 3); seconds = seconds + (1 << 3); }
        if (rest >= (NS_PER_S << 2)) { rest = rest - (NS_PER_S << 2); seconds = seconds + (1 << 2); }
        if (rest >= (NS_PER_S << 1)) { rest = rest - (NS_PER_S << 1); seconds = seconds + (1 << 1); }
        if (rest >= NS_PER_S) { rest = rest - NS_PER_S; seconds = seconds + 1; }
    }

    apply {
        ticks_t elapsed = ticks - meta.clock_ticks;
        seconds = meta.clock_seconds;
        if (elapsed[47:47] == 0 || meta.clock_set == 0) {
            bit<64> elapsed_ns = ticks_to_ns(elapsed);
            scaled_ns_t scaled;
            scale_residence.apply(elapsed_ns, meta.clock_rate_offset, scaled);
            rest = (scaled >> 16) + (bit<64>) meta.clock_nanoseconds;
        } else {
            /* A little before the reference. */
            bit<64> back_ns = ticks_to_ns(meta.clock_ticks - ticks);
            if (back_ns > CLOCK_LOOKBACK_S * NS_PER_S) {
                meta.clock_set = 0;
                seconds = 0;
                rest = ticks_to_ns(ticks);
            } else {
                rest = (bit<64>) meta.clock_nanoseconds + CLOCK_LOOKBACK_S * NS_PER_S - back_ns;
                seconds = seconds - (bit<48>) CLOCK_LOOKBACK_S;
            }
        }
        take_seconds();
        nanoseconds = rest[31:0];
    }
}

/* Writes the message's timestamp. */
control put_timestamp(inout headers_t hdr, in bit<48> seconds, in bit<32> nanoseconds) {
    apply {
        update_udp_checksum.apply(hdr, (bit<64>) hdr.timestamp.seconds, (bit<64>) seconds);
        update_udp_checksum.apply(hdr, (bit<64>) hdr.timestamp.nanoseconds,
                                  (bit<64>) nanoseconds);
        hdr.timestamp.seconds = seconds;
        hdr.timestamp.nanoseconds = nanoseconds;
    }
}

/* The portNumber that a message of the controller's to several ports has on each. */
control name_origin(inout headers_t hdr, inout metadata_t meta, in port_number_t egress_port) {
    @id(0x01000905) @name("set_origin")
    action set_origin(@id(1) bit<16> port_number) {
        hdr.ptp.source_port_number = port_number;
    }

    @id(0x01000906) @name("origin_as_is")
    action origin_as_is() {}

    @id(0x02000902) @name("origin")
    table origin {
        key = { egress_port : exact @id(1) @name("egress_port"); }
        actions = { set_origin; @defaultonly origin_as_is; }
        const default_action = origin_as_is();
        size = 512;
    }

    apply {
        bit<64> before = (bit<64>) hdr.ptp.source_port_number;
        origin.apply();
        update_udp_checksum.apply(hdr, before, (bit<64>) hdr.ptp.source_port_number);
    }
}

#endif
