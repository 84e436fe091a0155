/*
 * classify.p4: which kind of PTP message a frame is, and whether it is a sound one.
 *
 * Runs on ports in a PTP mode; on others PTP is a frame like any other. messageLength bounds the
 * message, never the frame's length: Ethernet pads, UDP/IPv6 adds two octets.
 */
#ifndef TIMEPLANE_CLASSIFY_P4
#define TIMEPLANE_CLASSIFY_P4

#include "types.p4"

control classify(in headers_t hdr, inout metadata_t meta) {
    bit<16> least_octets = 0;

    @id(0x01000101) @name("is_event")
    action is_event(bit<16> octets) {
        meta.ptp_kind = PTP_KIND_EVENT;
        least_octets = octets;
    }

    @id(0x01000102) @name("is_general")
    action is_general(bit<16> octets) {
        meta.ptp_kind = PTP_KIND_GENERAL;
        least_octets = octets;
    }

    /* IEEE 1588-2019, table 36; lengths by 13.5 to 13.12. A reserved type passes like a general one. */
    @id(0x02000101) @name("ptp_message")
    table ptp_message {
        key = { hdr.ptp.message_type : exact @id(1) @name("message_type"); }
        actions = { is_event; is_general; }
        const default_action = is_general(34);
        const entries = {
            0x0 : is_event(44);   /* Sync */
            0x1 : is_event(44);   /* Delay_Req */
            0x2 : is_event(54);   /* Pdelay_Req */
            0x3 : is_event(54);   /* Pdelay_Resp */
            0x8 : is_general(44); /* Follow_Up */
            0x9 : is_general(54); /* Delay_Resp */
            0xA : is_general(54); /* Pdelay_Resp_Follow_Up */
            0xB : is_general(64); /* Announce */
            0xC : is_general(44); /* Signaling */
            0xD : is_general(48); /* Management */
        }
    }

    @id(0x01000103) @name("malformed")
    action malformed(malformed_t reason) {
        meta.ptp_kind = PTP_KIND_MALFORMED;
        meta.malformed = reason;
    }

    apply {
        if (hdr.ptp.isValid()) {
            meta.message_type = hdr.ptp.message_type;
            ptp_message.apply();
            bit<32> message_octets = (bit<32>) hdr.ptp.message_length;
            if (message_octets + (bit<32>) meta.ptp_offset > meta.frame_octets) {
                malformed(MALFORMED_LENGTH_BEYOND);
            } else if (hdr.udp.isValid()
                       && message_octets + (bit<32>) UDP_OCTETS > (bit<32>) hdr.udp.length) {
                malformed(MALFORMED_LENGTH_BEYOND);
            } else if (hdr.ptp.message_length < least_octets) {
                malformed(MALFORMED_LENGTH_TOO_LOW);
            } else if (hdr.udp.isValid() && hdr.udp.destination_port != UDP_PORT_PTP_EVENT) {
                meta.ptp_kind = PTP_KIND_GENERAL;
            }
        } else if (meta.ptp_version == 1) {
            meta.ptp_kind = PTP_KIND_VERSION_1;
        } else if (meta.ptp_version == 2 || meta.frame_octets < (bit<32>) meta.ptp_offset + 2) {
            malformed(MALFORMED_TRUNCATED);
        } else {
            malformed(MALFORMED_VERSION);
        }
    }
}

#endif
