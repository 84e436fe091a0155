/*
 * headers.p4: what is on the wire, and the two headers between dataplane and controller.
 *
 *   ethernet | vlan_added | vlan_outer | vlan_inner | ipv4, options or ipv6 | udp | ptp
 *            | timestamp | port_identity, or management | …
 */
#ifndef TIMEPLANE_HEADERS_P4
#define TIMEPLANE_HEADERS_P4

typedef bit<9>  port_number_t;
typedef bit<48> mac_address_t;
typedef bit<12> vlan_id_t;

const bit<16> ETHER_TYPE_CTAG = 0x8100;
const bit<16> ETHER_TYPE_STAG = 0x88A8;
const bit<16> ETHER_TYPE_IPV4 = 0x0800;
const bit<16> ETHER_TYPE_IPV6 = 0x86DD;
const bit<16> ETHER_TYPE_PTP  = 0x88F7;

/* 01-80-C2-00-00-0X, which a bridge does not forward (IEEE 802.1Q, 8.6.3). */
const bit<44> RESERVED_ADDRESSES = 0x0180C200000;

const bit<8> IP_PROTOCOL_UDP = 17;

/* Extension headers, RFC 8200. */
const bit<8> IPV6_HOP_BY_HOP          = 0;
const bit<8> IPV6_ROUTING             = 43;
const bit<8> IPV6_FRAGMENT            = 44;
const bit<8> IPV6_AUTHENTICATION      = 51;
const bit<8> IPV6_DESTINATION_OPTIONS = 60;

/* IEEE 1588-2019, annexes C and D. */
const bit<16> UDP_PORT_PTP_EVENT   = 319;
const bit<16> UDP_PORT_PTP_GENERAL = 320;

/* Octets, for offsets within the frame. */
const bit<16> ETHERNET_OCTETS = 14;
const bit<16> VLAN_TAG_OCTETS = 4;
const bit<16> IPV4_OCTETS     = 20;
const bit<16> IPV4_WORD_OCTETS = 4;
const bit<16> IPV6_OCTETS     = 40;
const bit<16> UDP_OCTETS      = 8;

/* Where in the PTP header correctionField stands, and where the UDP checksum stands before it. */
const bit<16> PTP_CORRECTION_FIELD_OFFSET  = 8;
const bit<16> PTP_TO_UDP_CHECKSUM_DISTANCE = 2;

header ethernet_t {
    mac_address_t destination;
    mac_address_t source;
    bit<16>       ether_type;
}

header vlan_tag_t {
    bit<3>    priority;
    bit<1>    drop_eligible;
    vlan_id_t vid;
    bit<16>   ether_type;
}

header ipv4_t {
    bit<4>  version;
    bit<4>  header_words;
    bit<8>  traffic_class;
    bit<16> total_length;
    bit<16> identification;
    bit<3>  flags;
    bit<13> fragment_offset;
    bit<8>  time_to_live;
    bit<8>  protocol;
    bit<16> checksum;
    bit<32> source;
    bit<32> destination;
}

/* Up to ten of them make the options. */
header ipv4_option_word_t {
    bit<32> word;
}

header ipv6_t {
    bit<4>   version;
    bit<8>   traffic_class;
    bit<20>  flow_label;
    bit<16>  payload_length;
    bit<8>   next_header;
    bit<8>   hop_limit;
    bit<128> source;
    bit<128> destination;
}

header udp_t {
    bit<16> source_port;
    bit<16> destination_port;
    bit<16> length;
    bit<16> checksum;
}

/* flagField, IEEE 1588-2019, table 37. */
const bit<16> FLAG_TWO_STEP = 0x0200;
const bit<16> FLAG_UNICAST  = 0x0400;

/* messageType, IEEE 1588-2019, table 36. */
const bit<4> MESSAGE_SYNC                  = 0x0;
const bit<4> MESSAGE_DELAY_REQ             = 0x1;
const bit<4> MESSAGE_PDELAY_REQ            = 0x2;
const bit<4> MESSAGE_PDELAY_RESP           = 0x3;
const bit<4> MESSAGE_FOLLOW_UP             = 0x8;
const bit<4> MESSAGE_DELAY_RESP            = 0x9;
const bit<4> MESSAGE_PDELAY_RESP_FOLLOW_UP = 0xA;
const bit<4> MESSAGE_ANNOUNCE              = 0xB;
const bit<4> MESSAGE_SIGNALING             = 0xC;
const bit<4> MESSAGE_MANAGEMENT            = 0xD;
/* Reserved there: a place for what is no message. */
const bit<4> MESSAGE_NONE                  = 0xF;

/* controlField, for the hardware of version 1 (13.3.2.13). "control" is a word of P4. */
const bit<8> CONTROL_FOLLOW_UP  = 2;
const bit<8> CONTROL_DELAY_RESP = 3;
const bit<8> CONTROL_OTHER      = 5;

/* logMessageInterval where there is none (13.3.2.14). */
const bit<8> LOG_INTERVAL_NONE = 0x7F;

/* The common header of every PTP version 2 message, IEEE 1588-2019, 13.3. */
header ptp_t {
    bit<4>  major_sdo_id;
    bit<4>  message_type;
    bit<4>  minor_version;
    bit<4>  version;
    bit<16> message_length;
    bit<8>  domain_number;
    bit<8>  minor_sdo_id;
    bit<16> flags;
    bit<64> correction_field; /* signed, nanoseconds x 2^16 */
    bit<32> message_type_specific;
    bit<64> source_clock_identity;
    bit<16> source_port_number;
    bit<16> sequence_id;
    bit<8>  control_field;
    bit<8>  log_message_interval;
}

/* What most messages' bodies begin with: originTimestamp, receiveTimestamp and so on (5.3.3). */
header ptp_timestamp_t {
    bit<48> seconds;
    bit<32> nanoseconds;
}

/* requestingPortIdentity; in a Pdelay_Req these octets are reserved (13.9 to 13.11). */
header ptp_port_identity_t {
    bit<64> clock_identity;
    bit<16> port_number;
}

/* A management message's body as far as a switch that forwards it must read it (15.4.1). */
header ptp_management_t {
    bit<64> target_clock_identity;
    bit<16> target_port_number;
    bit<8>  starting_boundary_hops;
    bit<8>  boundary_hops;
}

/* To the controller, in front of the frame as it was received. */
@id(0x04000001)
@controller_header("packet_in")
header packet_in_header_t {
    @id(1) port_number_t ingress_port;
    @id(2) bit<7>        reason;
    @id(3) bit<64>       receive_time_ns;
}

/*
 * From the controller. The frame behind it leaves through egress_port, or to a multicast group, as
 * it is; with `stamp` as a one-step Sync that gets its originTimestamp on its way out; with
 * `tx_event` the controller gets it back with the time at which it left.
 */
@id(0x04000002)
@controller_header("packet_out")
header packet_out_header_t {
    @id(1) port_number_t egress_port;
    @id(3) bit<16>       group; /* 0: none */
    @id(4) bit<1>        tx_event;
    @id(5) bit<1>        stamp;
    @id(6) bit<5>        _padding;
}

/* A main adds the headers that only its target needs by defining TARGET_HEADERS before this file. */
#ifndef TARGET_HEADERS
#define TARGET_HEADERS
#endif

struct headers_t {
    packet_in_header_t     packet_in_header;
    packet_out_header_t    packet_out_header;
    ethernet_t             ethernet;
    vlan_tag_t             vlan_added;
    vlan_tag_t             vlan_outer;
    vlan_tag_t             vlan_inner;
    ipv4_t                 ipv4;
    ipv4_option_word_t[10] ipv4_options;
    ipv6_t                 ipv6;
    udp_t                  udp;
    ptp_t                  ptp;
    ptp_timestamp_t        timestamp;
    ptp_port_identity_t    port_identity;
    ptp_management_t       management;
    TARGET_HEADERS
}

#endif
