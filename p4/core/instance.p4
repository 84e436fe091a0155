/*
 * instance.p4: which PTP instance a message belongs to, and what the port does for that one.
 *
 * domainNumber and sdoId (both parts, IEEE 1588-2019, 7.1) select the instance. A port has a mode;
 * an entry here says otherwise for one instance. Frames whose common header was not read go by the
 * port's mode.
 */
#ifndef TIMEPLANE_INSTANCE_P4
#define TIMEPLANE_INSTANCE_P4

#include "types.p4"

control ingress_instance(in headers_t hdr, inout metadata_t meta) {
    @id(0x01000701) @name("set_ingress_mode")
    action set_ingress_mode(@id(1) ptp_mode_t ptp_mode) {
        meta.ptp_mode = ptp_mode;
    }

    @id(0x01000702) @name("port_ingress_mode")
    action port_ingress_mode() {}

    @id(0x02000701) @name("ingress_instance")
    table instance {
        key = {
            meta.ingress_port : exact @id(1) @name("ingress_port");
            (hdr.ptp.major_sdo_id ++ hdr.ptp.minor_sdo_id) : exact @id(2) @name("sdo_id");
            hdr.ptp.domain_number : exact @id(3) @name("domain_number");
        }
        actions = { set_ingress_mode; @defaultonly port_ingress_mode; }
        const default_action = port_ingress_mode();
        size = 4096;
    }

    apply {
        if (hdr.ptp.isValid()) {
            instance.apply();
        }
    }
}

control egress_instance(in headers_t hdr, inout metadata_t meta, in port_number_t egress_port) {
    @id(0x01000703) @name("set_egress_mode")
    action set_egress_mode(@id(1) ptp_mode_t ptp_mode) {
        meta.egress_ptp_mode = ptp_mode;
    }

    @id(0x01000704) @name("port_egress_mode")
    action port_egress_mode() {}

    @id(0x02000702) @name("egress_instance")
    table instance {
        key = {
            egress_port : exact @id(1) @name("egress_port");
            (hdr.ptp.major_sdo_id ++ hdr.ptp.minor_sdo_id) : exact @id(2) @name("sdo_id");
            hdr.ptp.domain_number : exact @id(3) @name("domain_number");
        }
        actions = { set_egress_mode; @defaultonly port_egress_mode; }
        const default_action = port_egress_mode();
        size = 4096;
    }

    apply {
        if (hdr.ptp.isValid()) {
            instance.apply();
        }
    }
}

#endif
