/*
 * two_step.p4: messages that leave uncorrected, and those that follow them and carry the correction.
 *
 *   leaves two-step by port Y            what it leaves behind         who takes it
 *   Sync, flag set                       residence by port Y           Follow_Up leaving by Y
 *   Sync, flag clear: flag set           a generated Follow_Up
 *   Delay_Req, in by X                   residence by port Y           Delay_Resp in by Y, towards X
 *   Pdelay_Req, in by X                  residence by port Y           Pdelay_Resp in by Y, towards X
 *   Pdelay_Resp, flag set                residence by port Y           Pdelay_Resp_Follow_Up leaving by Y
 *   Pdelay_Resp, flag clear: flag set    a generated Pdelay_Resp_Follow_Up
 *
 * What is left behind is kept for RECORD_LIFETIME by the target's records (arch/), under the
 * identity that both messages name: sourcePortIdentity or requestingPortIdentity, sequenceId,
 * domain, sdoId, and the VLAN. Nothing follows uncorrected and nothing is guessed: who finds no record waits, and
 * then is dropped and counted.
 */
#ifndef TIMEPLANE_TWO_STEP_P4
#define TIMEPLANE_TWO_STEP_P4

#include "types.p4"

/* sourcePortIdentity or requestingPortIdentity, sequenceId, domainNumber, sdoId, VLAN. */
typedef bit<128> record_key_t;

/* Under which key an event message's residence is kept. */
control key_of_event(in headers_t hdr, in metadata_t meta, out record_key_t key,
                     out record_kind_t kind) {
    apply {
        kind = RECORD_SYNC;
        bit<64> clock_identity = hdr.ptp.source_clock_identity;
        bit<16> port_number = hdr.ptp.source_port_number;
        if (meta.message_type == MESSAGE_DELAY_REQ) {
            kind = RECORD_DELAY_REQ;
        } else if (meta.message_type == MESSAGE_PDELAY_REQ) {
            kind = RECORD_PDELAY_REQ;
        } else if (meta.message_type == MESSAGE_PDELAY_RESP) {
            kind = RECORD_PDELAY_RESP;
            clock_identity = hdr.port_identity.clock_identity;
            port_number = hdr.port_identity.port_number;
        }
        key = clock_identity ++ port_number ++ hdr.ptp.sequence_id ++ hdr.ptp.domain_number
            ++ hdr.ptp.major_sdo_id ++ hdr.ptp.minor_sdo_id ++ meta.vid;
    }
}

/* Under which key a message finds what its event message left behind. */
control key_of_follower(in headers_t hdr, in metadata_t meta, out record_key_t key,
                        out record_kind_t kind) {
    apply {
        kind = RECORD_SYNC;
        bit<64> clock_identity = hdr.port_identity.clock_identity;
        bit<16> port_number = hdr.port_identity.port_number;
        if (meta.message_type == MESSAGE_DELAY_RESP) {
            kind = RECORD_DELAY_REQ;
        } else if (meta.message_type == MESSAGE_PDELAY_RESP) {
            kind = RECORD_PDELAY_REQ;
        } else if (meta.message_type == MESSAGE_PDELAY_RESP_FOLLOW_UP) {
            kind = RECORD_PDELAY_RESP;
        } else {
            clock_identity = hdr.ptp.source_clock_identity;
            port_number = hdr.ptp.source_port_number;
        }
        key = clock_identity ++ port_number ++ hdr.ptp.sequence_id ++ hdr.ptp.domain_number
            ++ hdr.ptp.major_sdo_id ++ hdr.ptp.minor_sdo_id ++ meta.vid;
    }
}

/*
 * Makes the follow-up of a Sync or Pdelay_Resp out of the message itself, as it was sent (9.5.10,
 * 11.4.2). `correction` is all of its correctionField; the timestamp is the caller's, in hdr.
 */
control become_follow_up(inout headers_t hdr, in metadata_t meta, in bit<48> seconds,
                         in bit<32> nanoseconds, in scaled_ns_t correction) {
    bit<16> before = 0;
    bit<16> after = 0;

    apply {
        if (hdr.udp.isValid()) {
            covered_by_udp.apply(hdr, before);
        }
        if (meta.message_type == MESSAGE_SYNC) {
            hdr.ptp.message_type = MESSAGE_FOLLOW_UP;
            hdr.ptp.control_field = CONTROL_FOLLOW_UP;
        } else {
            hdr.ptp.message_type = MESSAGE_PDELAY_RESP_FOLLOW_UP;
        }
        hdr.ptp.flags = hdr.ptp.flags & (~FLAG_TWO_STEP);
        hdr.ptp.message_type_specific = 0;
        hdr.ptp.correction_field = correction;
        hdr.timestamp.seconds = seconds;
        hdr.timestamp.nanoseconds = nanoseconds;
        if (hdr.udp.isValid()) {
            hdr.udp.source_port = UDP_PORT_PTP_GENERAL;
            hdr.udp.destination_port = UDP_PORT_PTP_GENERAL;
            covered_by_udp.apply(hdr, after);
            mend_udp_checksum.apply(hdr, before, after);
        }
    }
}

#endif
