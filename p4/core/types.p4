/*
 * types.p4: what the stages tell each other about a frame.
 */
#ifndef TIMEPLANE_TYPES_P4
#define TIMEPLANE_TYPES_P4

#include "headers.p4"

const port_number_t CPU_PORT = 510;

/* A port's reading of the target's clock, in that clock's unit; counts modulo 2^48. */
typedef bit<48> ticks_t;

/* Signed nanoseconds x 2^16, as correctionField has them. */
typedef bit<64> scaled_ns_t;

/* A clock's rate against another's: (rate - 1) x 2^41, signed, as 802.1AS has it. */
typedef bit<32> rate_offset_t;

/* How a port treats PTP. The numbers are the controller's. */
typedef bit<3> ptp_mode_t;
const ptp_mode_t PTP_MODE_OFF             = 0;
const ptp_mode_t PTP_MODE_TRANSPARENT_E2E = 1;
const ptp_mode_t PTP_MODE_BLOCKED         = 2; /* PTP neither enters nor leaves */
const ptp_mode_t PTP_MODE_TRANSPARENT_P2P = 3;
const ptp_mode_t PTP_MODE_BOUNDARY        = 4; /* PTP is the controller's */

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

/* Why a frame was not looked into; the counter's index is one less. */
typedef bit<2> untouched_t;
const untouched_t UNTOUCHED_NOT            = 0;
const untouched_t UNTOUCHED_IPV4_FRAGMENT  = 1;
const untouched_t UNTOUCHED_IPV6_EXTENSION = 2; /* not UDP right behind the IPv6 header */
const untouched_t UNTOUCHED_VLAN_TAGS      = 3; /* more than two */

/* Why a frame goes no further; the index into its counter, after the port's slot. */
typedef bit<5> drop_reason_t;
const drop_reason_t DROP_NOT                      = 0;
const drop_reason_t DROP_PORT_UNKNOWN             = 1; /* the controller has not configured the port */
const drop_reason_t DROP_VLAN_NOT_ADMITTED        = 2;
const drop_reason_t DROP_RESERVED_ADDRESS         = 3; /* IEEE 802.1Q, 8.6.3: 01-80-C2-00-00-0X */
const drop_reason_t DROP_SAME_PORT                = 4; /* the destination is where it came from */
const drop_reason_t DROP_VLAN_WITHOUT_FLOOD_GROUP = 5;
const drop_reason_t DROP_MALFORMED                = 6;
const drop_reason_t DROP_EGRESS_VLAN              = 7;
const drop_reason_t DROP_TRAPPED_ONLY             = 8;
const drop_reason_t DROP_RESIDENCE_TOO_LONG       = 9; /* a correction that old is worth nothing */
const drop_reason_t DROP_PTP_BLOCKED              = 10;
const drop_reason_t DROP_LOOP                     = 11; /* a frame of our own came back */
const drop_reason_t DROP_MASTER_NOT_ACCEPTED      = 12;
const drop_reason_t DROP_BOUNDARY_HOPS            = 13; /* a management message has gone far enough */
const drop_reason_t DROP_UNMATCHED                = 14; /* nothing recorded of its event message */
const drop_reason_t DROP_WRONG_DELAY_MECHANISM    = 15;
const drop_reason_t DROP_NOT_ANSWERED             = 16; /* a Delay_Req where nobody answers */
const drop_reason_t DROP_TAKEN                    = 17; /* by us: no loss, not counted */
const drop_reason_t DROP_NO_CLOCK                 = 18; /* asks for PTP time, and there is none */
const drop_reason_t DROP_METERED                  = 19; /* the controller had enough of them */

/* Why the controller gets a frame: below 64 its own reasons, from punt_policy. */
typedef bit<7> punt_reason_t;
const punt_reason_t PUNT_TX_EVENT   = 64;
const punt_reason_t PUNT_PEER_DELAY = 65;
const punt_reason_t PUNT_BOUNDARY   = 66;

/* What a frame that came in is turned into, to leave by the port that it came in by. */
typedef bit<2> reply_t;
const reply_t REPLY_NOT        = 0;
const reply_t REPLY_PEER_DELAY = 1; /* Pdelay_Req -> Pdelay_Resp */
const reply_t REPLY_DELAY      = 2; /* Delay_Req -> Delay_Resp */

/* What is to happen when the time is known at which a frame has left. */
typedef bit<8> event_t;
const event_t EVENT_NOT       = 0;
const event_t EVENT_RECORD    = 1; /* keep its residence for the message that follows */
const event_t EVENT_FOLLOW_UP = 2; /* make the message that follows */
const event_t EVENT_REPORT    = 3; /* tell the controller, who sent it */
const event_t EVENT_SAMPLE    = 4; /* only for the residence ledger */

/* Which time a frame passes egress. */
typedef bit<2> phase_t;
const phase_t PHASE_FIRST = 0;
const phase_t PHASE_SENT  = 1; /* it has left; this is about the time when it did */
const phase_t PHASE_AGAIN = 2; /* it waited for what its event message left behind */
const phase_t PHASE_LATE  = 3; /* …and waits no longer */

/* Which residence is meant: a message type may leave more than one kind behind. */
typedef bit<2> record_kind_t;
const record_kind_t RECORD_SYNC        = 0;
const record_kind_t RECORD_DELAY_REQ   = 1;
const record_kind_t RECORD_PDELAY_REQ  = 2;
const record_kind_t RECORD_PDELAY_RESP = 3;

/* What became of a message that asked for a record; the index into two_step, after the slot. */
typedef bit<4> record_outcome_t;
const record_outcome_t RECORD_RECORDED    = 0;
const record_outcome_t RECORD_APPLIED     = 1;
const record_outcome_t RECORD_GENERATED   = 2;
const record_outcome_t RECORD_WAITED      = 3;
const record_outcome_t RECORD_UNMATCHED   = 4; /* dropped */
const record_outcome_t RECORD_OVERWRITTEN = 5; /* a live record gave way to another message's */
const record_outcome_t RECORD_RESPONSE_UNMATCHED = 6; /* dropped; slot of the ingress port */

/* A port's place in the statistics arrays: the controller gives them out. */
typedef bit<7> slot_t;
const slot_t SLOT_UNKNOWN = 127;

const bit<8> FIELD_LIST_PUNT  = 1; /* what a copy to the controller keeps */
const bit<8> FIELD_LIST_EVENT = 2; /* what is known of a frame that has left, or waits */

struct metadata_t {
    @field_list(1, 2) port_number_t ingress_port;
    @field_list(1)    punt_reason_t punt_reason;
    @field_list(1, 2) ticks_t       receive_ticks;

    /* Parser and classify. */
    bit<32>       frame_octets;
    bit<16>       ptp_offset;    /* of the PTP header, from the frame's first octet */
    bit<16>       ether_type;    /* behind the tags */
    bit<4>        options_left;  /* words of IPv4 options */
    bit<1>        ptp_expected;  /* the encapsulation says that PTP follows */
    bit<4>        ptp_version;
    @field_list(2) ptp_kind_t ptp_kind;
    @field_list(2) bit<4>     message_type;
    malformed_t   malformed;
    untouched_t   untouched;

    /* Admit, guard and forward. */
    bit<1>        from_controller;
    bit<1>        link_local;    /* peer delay that ends here */
    bit<1>        own;           /* sent by this clock */
    bit<1>        listed_masters_only;
    ptp_mode_t    ptp_mode;
    @field_list(2) slot_t slot;
    bit<3>        ptp_priority;
    @field_list(2) vlan_id_t vid;
    bit<1>        learn;
    bit<1>        flood;
    bit<16>       flood_group;
    port_number_t egress_port;
    drop_reason_t drop_reason;
    bit<1>        copy_to_controller;
    bit<1>        stamp;

    /* Answers made here. */
    @field_list(2) reply_t     reply;
    bit<1>                     reply_two_step;
    @field_list(2) scaled_ns_t request_correction;

    /* The correction's two halves: where residence starts, and whether it is wanted. */
    bit<1>        transparent;   /* a sound message of a port that is a transparent clock's */
    bit<1>        responses_recorded; /* the ingress port sends two-step */
    @field_list(2) ticks_t     residence_start;
    @field_list(2) scaled_ns_t adjustment;    /* see timing.p4 */
    @field_list(2) bit<64> residence_limit_ns;
    bit<1>        two_step;      /* the egress port sends two-step */
    @field_list(2) rate_offset_t rate_offset;
    @field_list(2) slot_t        egress_slot;
    @field_list(2) ptp_mode_t    egress_ptp_mode;

    /* Transmission: see two_step.p4 and the target's events. */
    @field_list(2) event_t event;
    phase_t       phase;
    @field_list(2) bit<1>  sampled;
    bit<16>       sample_mask;
    @field_list(2) ticks_t sent_ticks;
    @field_list(2) scaled_ns_t correction_before;
    @field_list(2) scaled_ns_t correction_after;
    bit<1>        leaves;        /* a PTP message that really leaves in this pass */
    bit<16>       record_index;
    @field_list(2) bit<1>  waits;
    @field_list(2) ticks_t waits_since;
    @field_list(2) port_number_t event_port; /* where it left, or is to leave */
    ticks_t       egress_ticks;

    /* The PTP clock: see clock.p4. */
    bit<1>        clock_set;
    ticks_t       clock_ticks;
    bit<48>       clock_seconds;
    bit<32>       clock_nanoseconds;
    rate_offset_t clock_rate_offset;
}

#endif
