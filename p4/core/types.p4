/*
 * types.p4: what the stages tell each other about a frame.
 */
#ifndef TIMEPLANE_TYPES_P4
#define TIMEPLANE_TYPES_P4

#include "headers.p4"

const port_number_t CPU_PORT = 510;

/* A port's reading of the target's clock, in that clock's unit; counts modulo 2^48. */
typedef bit<48> ticks_t;

/* How a port treats PTP. The numbers are the controller's. */
typedef bit<2> ptp_mode_t;
const ptp_mode_t PTP_MODE_OFF             = 0;
const ptp_mode_t PTP_MODE_TRANSPARENT_E2E = 1;
const ptp_mode_t PTP_MODE_BLOCKED         = 2; /* PTP neither enters nor leaves */

/* What classify made of a frame. */
typedef bit<3> ptp_kind_t;
const ptp_kind_t PTP_KIND_NONE      = 0;
const ptp_kind_t PTP_KIND_EVENT     = 1;
const ptp_kind_t PTP_KIND_GENERAL   = 2;
const ptp_kind_t PTP_KIND_VERSION_1 = 3;
const ptp_kind_t PTP_KIND_MALFORMED = 4;

/* Why a PTP frame is malformed; the index into its counter, after the port's slot. */
typedef bit<3> malformed_t;
const malformed_t MALFORMED_NOT             = 0;
const malformed_t MALFORMED_TRUNCATED       = 1; /* the frame ends within the common header */
const malformed_t MALFORMED_VERSION         = 2; /* neither version 1 nor 2 */
const malformed_t MALFORMED_LENGTH_BEYOND   = 3; /* messageLength says more than the frame has */
const malformed_t MALFORMED_LENGTH_TOO_LOW  = 4; /* messageLength says less than its type needs */

/* Why a frame goes no further; the index into its counter. */
typedef bit<4> drop_reason_t;
const drop_reason_t DROP_NOT               = 0;
const drop_reason_t DROP_PORT_UNKNOWN      = 1; /* the controller has not configured the port */
const drop_reason_t DROP_VLAN_NOT_ADMITTED = 2;
const drop_reason_t DROP_RESERVED_ADDRESS  = 3; /* IEEE 802.1Q, 8.6.3: 01-80-C2-00-00-0X */
const drop_reason_t DROP_SAME_PORT         = 4; /* the destination is where it came from */
const drop_reason_t DROP_VLAN_WITHOUT_FLOOD_GROUP = 5;
const drop_reason_t DROP_MALFORMED         = 6;
const drop_reason_t DROP_EGRESS_VLAN       = 7;
const drop_reason_t DROP_TRAPPED_ONLY      = 8;
const drop_reason_t DROP_RESIDENCE_TOO_LONG = 9; /* a correction that old is worth nothing */
const drop_reason_t DROP_PTP_BLOCKED       = 10;

typedef bit<7> punt_reason_t;

/* A port's place in the statistics arrays: the controller gives them out. */
typedef bit<6> slot_t;

const bit<8> FIELD_LIST_PUNT = 1;

struct metadata_t {
    /* What a copy to the controller keeps. */
    @field_list(1) port_number_t ingress_port;
    @field_list(1) punt_reason_t punt_reason;
    @field_list(1) ticks_t       receive_ticks;

    /* Parser and classify. */
    bit<32>       frame_octets;
    bit<16>       ptp_offset;    /* of the PTP header, from the frame's first octet */
    bit<16>       ether_type;    /* behind the tags */
    bit<1>        ptp_expected;  /* the encapsulation says that PTP follows */
    bit<4>        ptp_version;
    ptp_kind_t    ptp_kind;
    bit<4>        message_type;
    malformed_t   malformed;

    /* Admit and forward. */
    bit<1>        from_controller;
    ptp_mode_t    ptp_mode;
    slot_t        slot;
    bit<3>        ptp_priority;
    vlan_id_t     vid;
    bit<1>        learn;
    bit<1>        flood;
    bit<16>       flood_group;
    port_number_t egress_port;
    drop_reason_t drop_reason;
    bit<1>        copy_to_controller;

    /* The correction's two halves: where residence starts, and whether it is wanted. */
    bit<1>        correct;
    ticks_t       residence_start;
    bit<64>       adjustment;    /* signed, nanoseconds x 2^16: see timing.p4 */
    bit<64>       residence_limit_ns;
    slot_t        egress_slot;
    ptp_mode_t    egress_ptp_mode;
    bit<9>        residence_bucket;
}

#endif
