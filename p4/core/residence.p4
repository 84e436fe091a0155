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
        if ((meta.ptp_kind == PTP_KIND_EVENT || meta.ptp_kind == PTP_KIND_GENERAL)
                && (meta.ptp_mode == PTP_MODE_TRANSPARENT_E2E
                    || meta.ptp_mode == PTP_MODE_TRANSPARENT_P2P)) {
            meta.transparent = 1;
            meta.residence_start = meta.receive_ticks;
        }
    }
}

/*
 * Residence by the grandmaster's rate, in nanoseconds x 2^16: residence_ns x rate, rounded towards
 * minus infinity; the product has 78 bits at most, since residence_ns is below 2^48.
 */
control scale_residence(in bit<64> residence_ns, in rate_offset_t rate_offset,
                        out scaled_ns_t scaled) {
    apply {
        scaled = residence_ns << 16;
        if (rate_offset[31:31] == 1) {
            bit<128> product = (bit<128>) residence_ns * (bit<128>) (~rate_offset + 1);
            product = (product + 0x1FFFFFF) >> 25;
            scaled = scaled - product[63:0];
        } else if (rate_offset != 0) {
            bit<128> product = (bit<128>) residence_ns * (bit<128>) rate_offset;
            product = product >> 25;
            scaled = scaled + product[63:0];
        }
    }
}

/* correctionField + addend, both signed, saturating; "too big" stays so (13.3.2.9). */
control add_to_correction(inout headers_t hdr, in scaled_ns_t addend) {
    apply {
        bit<64> before = hdr.ptp.correction_field;
        if (addend != 0 && before != CORRECTION_TOO_BIG) {
            bit<64> sum = before + addend;
            if (before[63:63] == addend[63:63] && sum[63:63] != before[63:63]) {
                sum = CORRECTION_TOO_BIG;
                if (before[63:63] == 1) {
                    sum = CORRECTION_TOO_SMALL;
                }
            }
            hdr.ptp.correction_field = sum;
            update_udp_checksum.apply(hdr, before, sum);
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
