/** A port in entries of the P4 program: its mode, its VLANs, its timing, its marks. Pure. */
import type { EntrySpec } from '#p4rt/entities';
import { portValue, vlanValue, type VlanId } from '#units/identity';
import { nsOf, scaledUnits, type ScaledNs } from '#units/time';
import { PTP_MODE } from './program.js';
import type { PortSettings } from './settings.js';

export function vlansOf(port: PortSettings): readonly VlanId[] {
  return port.nativeVlan === null ? port.taggedVlans : [port.nativeVlan, ...port.taggedVlans];
}

/** What lets a port in. */
export function portEntry(port: PortSettings, slot: number): EntrySpec {
  return {
    table: 'port',
    match: { ingress_port: portBits(port) },
    action: {
      name: 'set_port',
      params: {
        ptp_mode: PTP_MODE[port.ptp],
        slot: BigInt(slot),
        ptp_priority: BigInt(port.ptpPriority),
        listed_masters_only: flag(port.acceptMasters.length > 0),
      },
    },
  };
}

export function masterEntries(port: PortSettings): EntrySpec[] {
  return port.acceptMasters.map(({ clockIdentity, portNumber }) => ({
    table: 'accepted_master',
    match: {
      ingress_port: portBits(port),
      clock_identity: clockIdentity,
      port_number: BigInt(portNumber),
    },
    action: { name: 'accept_master', params: {} },
  }));
}

export function deliveryEntries(port: PortSettings, slot: number): EntrySpec[] {
  return vlansOf(port).map((vlan) => ({
    table: 'vlan_delivery',
    match: { egress_port: portBits(port), vid: vlanBits(vlan) },
    action: {
      name: vlan === port.nativeVlan ? 'send_untagged' : 'send_tagged',
      params: { ptp_mode: PTP_MODE[port.ptp], slot: BigInt(slot) },
    },
  }));
}

/** Untagged and priority-tagged frames belong to the native VLAN; a member VLAN may come tagged. */
export function admissionEntries(port: PortSettings): EntrySpec[] {
  const admit = (tagged: bigint, vid: bigint, vlan: VlanId): EntrySpec => ({
    table: 'vlan_admission',
    match: { ingress_port: portBits(port), tagged, vid },
    action: { name: 'admit', params: { vid: vlanBits(vlan) } },
  });
  const native =
    port.nativeVlan === null
      ? []
      : [admit(0n, 0n, port.nativeVlan), admit(1n, 0n, port.nativeVlan)];
  return [...native, ...vlansOf(port).map((vlan) => admit(1n, vlanBits(vlan), vlan))];
}

/** An instance is treated alike in both directions. */
export function instanceEntries(port: PortSettings): EntrySpec[] {
  return port.instances.flatMap(({ domainNumber, sdoId, ptp }): EntrySpec[] => {
    const instance = { sdo_id: BigInt(sdoId), domain_number: BigInt(domainNumber) };
    const params = { ptp_mode: PTP_MODE[ptp] };
    return [
      {
        table: 'ingress_instance',
        match: { ingress_port: portBits(port), ...instance },
        action: { name: 'set_ingress_mode', params },
      },
      {
        table: 'egress_instance',
        match: { egress_port: portBits(port), ...instance },
        action: { name: 'set_egress_mode', params },
      },
    ];
  });
}

/** `meanLinkDelay`: as measured; nothing before that. */
export function ingressTimingEntry(port: PortSettings, meanLinkDelay: ScaledNs): EntrySpec {
  return {
    table: 'ingress_timing',
    match: { ingress_port: portBits(port) },
    action: {
      name: 'set_ingress_timing',
      params: {
        latency: signed64(port.timing.ingressLatency),
        asymmetry: signed64(port.timing.delayAsymmetry),
        mean_link_delay: signed64(meanLinkDelay),
        two_step: flag(port.step === 'two'),
      },
    },
  };
}

export function egressTimingEntry(port: PortSettings): EntrySpec {
  const { egressLatency, delayAsymmetry, residenceLimit } = port.timing;
  return {
    table: 'egress_timing',
    match: { egress_port: portBits(port) },
    action: {
      name: 'set_egress_timing',
      params: {
        latency: signed64(egressLatency),
        asymmetry: signed64(delayAsymmetry),
        residence_limit_ns: residenceLimit === null ? 0n : nsOf(residenceLimit),
        two_step: flag(port.step === 'two'),
      },
    },
  };
}

/** A port that adds nothing needs no entry: that is the program's default. */
export function saysSomething({ action }: EntrySpec): boolean {
  return Object.values(action.params).some((value) => value !== 0n);
}

/** A port that leaves marks as they came needs no entry. */
export function markingEntries(port: PortSettings): EntrySpec[] {
  const { pcp, dscp } = port.marking;
  if (pcp === null && dscp === null) return [];
  return [
    {
      table: 'marking',
      match: { egress_port: portBits(port) },
      action: {
        name: 'mark',
        params: {
          pcp: BigInt(pcp ?? 0),
          dscp: BigInt(dscp ?? 0),
          set_pcp: flag(pcp !== null),
          set_dscp: flag(dscp !== null),
        },
      },
    },
  ];
}

export function portBits(port: PortSettings): bigint {
  return BigInt(portValue(port.number));
}

export function flag(value: boolean): bigint {
  return value ? 1n : 0n;
}

function vlanBits(vlan: VlanId): bigint {
  return BigInt(vlanValue(vlan));
}

/** Two's complement, as a bit<64> of P4 takes a signed value. */
function signed64(value: ScaledNs): bigint {
  return BigInt.asUintN(64, scaledUnits(value));
}
