/*
 * headers.p4: what is on the wire, and the two headers between dataplane and controller.
 *
 *   ethernet | vlan_added | vlan_outer | vlan_inner | ipv4 or ipv6 | udp | ptp | …
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

const bit<8> IP_PROTOCOL_UDP = 17;

/* IEEE 1588-2019, annexes C and D. */
const bit<16> UDP_PORT_PTP_EVENT   = 319;
const bit<16> UDP_PORT_PTP_GENERAL = 320;

/* Octets, for offsets within the frame. */
const bit<16> ETHERNET_OCTETS = 14;
const bit<16> VLAN_TAG_OCTETS = 4;
const bit<16> IPV4_OCTETS     = 20;
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

/* To the controller, in front of the frame as it was received. */
@id(0x04000001)
@controller_header("packet_in")
header packet_in_header_t {
    @id(1) port_number_t ingress_port;
    @id(2) bit<7>        reason;
    @id(3) bit<64>       receive_time_ns;
}

/* From the controller: the frame behind it leaves through egress_port as it is. */
@id(0x04000002)
@controller_header("packet_out")
header packet_out_header_t {
    @id(1) port_number_t egress_port;
    @id(2) bit<7>        _padding;
}

/* A main adds the headers that only its target needs by defining TARGET_HEADERS before this file. */
#ifndef TARGET_HEADERS
#define TARGET_HEADERS
#endif

struct headers_t {
    packet_in_header_t  packet_in_header;
    packet_out_header_t packet_out_header;
    ethernet_t          ethernet;
    vlan_tag_t          vlan_added;
    vlan_tag_t          vlan_outer;
    vlan_tag_t          vlan_inner;
    ipv4_t              ipv4;
    ipv6_t              ipv6;
    udp_t               udp;
    ptp_t               ptp;
    TARGET_HEADERS
}

#endif
