/*
 * residence.p4: the two halves of a correction.
 *
 * rx_half notes, beside the frame, where its residence starts; the frame itself stays as it was
 * received until tx_half, the very last step, adds all of it. So a copy, a mirror or a drop never
 * meets a half-corrected frame, and saturation is exact. tx_half is the target's: see arch/.
 */
#ifndef TIMEPLANE_RESIDENCE_P4
#define TIMEPLANE_RESIDENCE_P4

#include "types.p4"

/* The limits of correctionField; the upper one says "too big" (13.3.2.9). */
const bit<64> CORRECTION_TOO_BIG   = 0x7FFFFFFFFFFFFFFF;
const bit<64> CORRECTION_TOO_SMALL = 0x8000000000000000;

control rx_half(inout metadata_t meta) {
    apply {
        if (meta.ptp_kind == PTP_KIND_EVENT && meta.ptp_mode == PTP_MODE_TRANSPARENT_E2E) {
            meta.correct = 1;
            meta.residence_start = meta.receive_ticks;
        }
    }
}

/*
 * correctionField + residence, saturating.
 * `residence_ns` below 2^63.
 */
control add_residence(inout bit<64> correction_field, in bit<64> residence_ns) {
    apply {
        bit<64> scaled = residence_ns << 16;
        bit<64> sum = correction_field + scaled;
        bit<1> too_long = 0;
        if (residence_ns[63:47] != 0) {
            too_long = 1;
        }
        /* Positive plus positive that came out negative. */
        if (too_long == 1 || (correction_field[63:63] == 0 && sum[63:63] == 1)) {
            sum = CORRECTION_TOO_BIG;
        }
        correction_field = sum;
    }
}

/* The UDP checksum after `before` became `after`, both 64 bits of the datagram: RFC 1624, eqn. 3.
 * Zero is not sent: it would say "no checksum". */
control update_udp_checksum(inout bit<16> checksum, in bit<64> before, in bit<64> after) {
    apply {
        bit<32> sum = (bit<32>) (~checksum)
            + (bit<32>) (~before[63:48]) + (bit<32>) (~before[47:32])
            + (bit<32>) (~before[31:16]) + (bit<32>) (~before[15:0])
            + (bit<32>) after[63:48] + (bit<32>) after[47:32]
            + (bit<32>) after[31:16] + (bit<32>) after[15:0];
        sum = (sum & 0xFFFF) + (sum >> 16);
        sum = (sum & 0xFFFF) + (sum >> 16);
        checksum = ~sum[15:0];
        if (checksum == 0) {
            checksum = 0xFFFF;
        }
    }
}

/*
 * The histogram's bucket of a residence: linear below 16 ns, then sixteen buckets an octave up to
 * 2^32 ns, so each is at most 1/16 wide; longer ones share the last.
 *
 *   bucket = 16 * (octave - 3) + (residence_ns >> (octave - 4)) mod 16,   octave = floor(log2)
 */
const bit<9> RESIDENCE_BUCKET_BEYOND = 511;

control bucket_of_residence(in bit<64> residence_ns, out bit<9> bucket) {
    apply {
        bit<32> rest = residence_ns[31:0];
        bit<9> shift = 0;
        if (residence_ns[63:32] != 0) {
            bucket = RESIDENCE_BUCKET_BEYOND;
        } else if (rest[31:4] == 0) {
            bucket = rest[8:0];
        } else {
            /* Bring the leading one to bit 4. */
            if (rest[31:20] != 0) { shift = shift + 16; rest = rest >> 16; }
            if (rest[31:12] != 0) { shift = shift + 8;  rest = rest >> 8; }
            if (rest[31:8] != 0)  { shift = shift + 4;  rest = rest >> 4; }
            if (rest[31:6] != 0)  { shift = shift + 2;  rest = rest >> 2; }
            if (rest[31:5] != 0)  { shift = shift + 1;  rest = rest >> 1; }
            /* rest is 16 to 31 now, and its octave is shift + 4. */
            bucket = (shift << 4) + rest[8:0];
        }
    }
}

#endif
