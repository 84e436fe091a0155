/*
 * v1model_checksum.p4: ones' complement sums by v1model's csum16, which is ~(sum of 16-bit words).
 *
 * Checksums are mended, not computed anew: what did not change is not read (RFC 1624, eqn. 3):
 * checksum' = ~(~checksum + ~before + after). A cover below is ~(sum of what a checksum covers of
 * the headers that we read); so checksum' = csum16(~checksum, cover before, ~cover after).
 * An absent UDP checksum (0) stays absent, and a computed 0 is sent as 0xFFFF: 0 would say "none".
 */
#ifndef TIMEPLANE_V1MODEL_CHECKSUM_P4
#define TIMEPLANE_V1MODEL_CHECKSUM_P4

#include "../core/types.p4"

/* hash() gives its result modulo this. */
const bit<32> CSUM16_RANGE = 0x10000;

control mend_ipv4_checksum(inout headers_t hdr, in bit<16> cover_before, in bit<16> cover_after) {
    apply {
        hash(hdr.ipv4.checksum, HashAlgorithm.csum16, 16w0,
             { ~hdr.ipv4.checksum, cover_before, ~cover_after }, CSUM16_RANGE);
    }
}

control mend_udp_checksum(inout headers_t hdr, in bit<16> cover_before, in bit<16> cover_after) {
    apply {
        if (hdr.udp.isValid() && hdr.udp.checksum != 0) {
            hash(hdr.udp.checksum, HashAlgorithm.csum16, 16w0,
                 { ~hdr.udp.checksum, cover_before, ~cover_after }, CSUM16_RANGE);
            if (hdr.udp.checksum == 0) {
                hdr.udp.checksum = 0xFFFF;
            }
        }
    }
}

/* After 64 bits of the datagram changed. */
control update_udp_checksum(inout headers_t hdr, in bit<64> before, in bit<64> after) {
    apply {
        if (hdr.udp.isValid() && hdr.udp.checksum != 0) {
            hash(hdr.udp.checksum, HashAlgorithm.csum16, 16w0,
                 { ~hdr.udp.checksum, ~before, after }, CSUM16_RANGE);
            if (hdr.udp.checksum == 0) {
                hdr.udp.checksum = 0xFFFF;
            }
        }
    }
}

/* All that a UDP checksum covers of the headers that we read: addresses, UDP, the PTP message's
 * header and body. What comes behind them is in no cover, so it must stay as it is. */
control covered_by_udp(in headers_t hdr, out bit<16> cover) {
    apply {
        /* The length stands in the pseudo header too. */
        hash(cover, HashAlgorithm.csum16, 16w0, {
            hdr.udp.source_port, hdr.udp.destination_port, hdr.udp.length, hdr.udp.length,
            hdr.ptp.major_sdo_id, hdr.ptp.message_type, hdr.ptp.minor_version, hdr.ptp.version,
            hdr.ptp.message_length, hdr.ptp.domain_number, hdr.ptp.minor_sdo_id, hdr.ptp.flags,
            hdr.ptp.correction_field, hdr.ptp.message_type_specific,
            hdr.ptp.source_clock_identity, hdr.ptp.source_port_number, hdr.ptp.sequence_id,
            hdr.ptp.control_field, hdr.ptp.log_message_interval }, CSUM16_RANGE);
        if (hdr.ipv4.isValid()) {
            hash(cover, HashAlgorithm.csum16, 16w0,
                 { ~cover, hdr.ipv4.source, hdr.ipv4.destination }, CSUM16_RANGE);
        } else {
            hash(cover, HashAlgorithm.csum16, 16w0,
                 { ~cover, hdr.ipv6.source, hdr.ipv6.destination }, CSUM16_RANGE);
        }
        if (hdr.timestamp.isValid()) {
            hash(cover, HashAlgorithm.csum16, 16w0,
                 { ~cover, hdr.timestamp.seconds, hdr.timestamp.nanoseconds }, CSUM16_RANGE);
        }
        if (hdr.port_identity.isValid()) {
            hash(cover, HashAlgorithm.csum16, 16w0,
                 { ~cover, hdr.port_identity.clock_identity, hdr.port_identity.port_number },
                 CSUM16_RANGE);
        }
    }
}

/* All words of the IPv4 header without options, but its checksum. */
control covered_by_ipv4(in headers_t hdr, out bit<16> cover) {
    apply {
        hash(cover, HashAlgorithm.csum16, 16w0, {
            hdr.ipv4.version, hdr.ipv4.header_words, hdr.ipv4.traffic_class,
            hdr.ipv4.total_length, hdr.ipv4.identification, hdr.ipv4.flags,
            hdr.ipv4.fragment_offset, hdr.ipv4.time_to_live, hdr.ipv4.protocol,
            hdr.ipv4.source, hdr.ipv4.destination }, CSUM16_RANGE);
    }
}

#endif
