/** What the settings mean in entities of the P4 program: a pure function. */
import {
  buildCloneSession,
  buildDigestConfig,
  buildMulticastGroup,
  buildTableEntry,
  buildTableKey,
  type Entity,
  type EntityErrorCode,
  type EntrySpec,
} from '#p4rt/entities';
import type { P4InfoIndex } from '#p4rt/p4info';
import {
  macBits,
  portValue,
  vlanValue,
  type MacAddress,
  type PortNumber,
  type VlanId,
} from '#units/identity';
import { milliseconds, nsOf, scaledUnits, seconds, type ScaledNs } from '#units/time';
import { success, type Result } from '#units/result';
import {
  CPU_CLONE_SESSION,
  CPU_PORT,
  DIGEST,
  MALFORMED,
  MALFORMED_REASONS,
  PTP_MODE,
} from './program.js';
import type { PortSettings, SwitchSettings } from './settings.js';

/** Batches learning under load, and is not felt by a first frame, which floods anyway. */
const DIGEST_MAX_TIMEOUT = milliseconds(20);
const DIGEST_MAX_LIST = 128;
const DIGEST_ACK_TIMEOUT = seconds(1);

/** Where an address was seen. */
export interface Station {
  readonly vlan: VlanId;
  readonly mac: MacAddress;
  readonly port: PortNumber;
}

/** A port's row in the counter arrays: its place among the ports, so that no two share one. */
export function slotOf(settings: SwitchSettings, port: PortSettings): number {
  return settings.ports.indexOf(port);
}

/**
 * All entities that the settings ask for, in the order in which they are to be written: what frames
 * are sent to first, what lets them in last. Errors: the P4Info is not of this program.
 */
export function desiredState(
  index: P4InfoIndex,
  settings: SwitchSettings,
): Result<Entity[], EntityErrorCode> {
  const entities: Entity[] = [buildCloneSession(CPU_CLONE_SESSION, CPU_PORT)];
  const vlans = membersByVlan(settings);
  for (const [vlan, ports] of vlans) entities.push(buildMulticastGroup(vlan, ports));
  const specs = [
    ...[...vlans.keys()].map(floodEntry),
    ...settings.ports.flatMap((port) => deliveryEntries(settings, port)),
    ...malformedEntries(settings),
    ...settings.ports.flatMap(admissionEntries),
    ...settings.ports.flatMap(timingEntries),
    ...settings.ports.flatMap(instanceEntries),
    ...settings.ports.map((port) => portEntry(settings, port)),
  ];
  for (const spec of specs) {
    const entity = buildTableEntry(index, spec);
    if (!entity.ok) return entity;
    entities.push(entity.value);
  }
  const digest = buildDigestConfig(index, DIGEST, {
    maxTimeoutNs: nsOf(DIGEST_MAX_TIMEOUT),
    maxListSize: DIGEST_MAX_LIST,
    ackTimeoutNs: nsOf(DIGEST_ACK_TIMEOUT),
  });
  if (!digest.ok) return digest;
  entities.push(digest.value);
  return success(entities);
}

/** VLANs in ascending order, each with its ports. The VLAN's number is its group's too. */
function membersByVlan(settings: SwitchSettings): Map<number, number[]> {
  const members = new Map<number, number[]>();
  for (const port of settings.ports) {
    for (const vlan of vlansOf(port)) {
      const ports = members.get(vlanValue(vlan)) ?? [];
      ports.push(portValue(port.number));
      members.set(vlanValue(vlan), ports);
    }
  }
  return new Map([...members].sort(([a], [b]) => a - b));
}

export function vlansOf(port: PortSettings): readonly VlanId[] {
  return port.nativeVlan === null ? port.taggedVlans : [port.nativeVlan, ...port.taggedVlans];
}

function floodEntry(vlan: number): EntrySpec {
  return {
    table: 'flood_group',
    match: { vid: BigInt(vlan) },
    action: { name: 'flood_to', params: { group: BigInt(vlan) } },
  };
}

function deliveryEntries(settings: SwitchSettings, port: PortSettings): EntrySpec[] {
  return vlansOf(port).map((vlan) => ({
    table: 'vlan_delivery',
    match: { egress_port: portBits(port), vid: vlanBits(vlan) },
    action: {
      name: vlan === port.nativeVlan ? 'send_untagged' : 'send_tagged',
      params: { ptp_mode: PTP_MODE[port.ptp], slot: BigInt(slotOf(settings, port)) },
    },
  }));
}

/** Dropping is the program's default: only what is to pass needs an entry. */
function malformedEntries(settings: SwitchSettings): EntrySpec[] {
  return MALFORMED_REASONS.filter((reason) => settings.malformed[reason] === 'pass').map(
    (reason) => ({
      table: 'malformed_policy',
      match: { reason: BigInt(MALFORMED[reason]) },
      action: { name: 'pass_malformed', params: {} },
    }),
  );
}

/** Untagged and priority-tagged frames belong to the native VLAN; a member VLAN may come tagged. */
function admissionEntries(port: PortSettings): EntrySpec[] {
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

function portEntry(settings: SwitchSettings, port: PortSettings): EntrySpec {
  return {
    table: 'port',
    match: { ingress_port: portBits(port) },
    action: {
      name: 'set_port',
      params: {
        ptp_mode: PTP_MODE[port.ptp],
        slot: BigInt(slotOf(settings, port)),
        ptp_priority: BigInt(port.ptpPriority),
      },
    },
  };
}

/** An instance is treated alike in both directions. */
function instanceEntries(port: PortSettings): EntrySpec[] {
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

/** A port that adds nothing needs no entry: that is the program's default. */
function timingEntries(port: PortSettings): EntrySpec[] {
  const { ingressLatency, egressLatency, delayAsymmetry, residenceLimit } = port.timing;
  const asymmetry = signed64(delayAsymmetry);
  const ingress: EntrySpec = {
    table: 'ingress_timing',
    match: { ingress_port: portBits(port) },
    action: {
      name: 'set_ingress_timing',
      params: { latency: signed64(ingressLatency), asymmetry },
    },
  };
  const limit = residenceLimit === null ? 0n : nsOf(residenceLimit);
  const egress: EntrySpec = {
    table: 'egress_timing',
    match: { egress_port: portBits(port) },
    action: {
      name: 'set_egress_timing',
      params: { latency: signed64(egressLatency), asymmetry, residence_limit_ns: limit },
    },
  };
  return [ingress, egress].filter(({ action }) =>
    Object.values(action.params).some((value) => value !== 0n),
  );
}

/** Two's complement, as a bit<64> of P4 takes a signed value. */
function signed64(value: ScaledNs): bigint {
  return BigInt.asUintN(64, scaledUnits(value));
}

/** The entry that knows a source: its frames send no digest. */
export function sourceEntry(index: P4InfoIndex, station: Station): Result<Entity, EntityErrorCode> {
  return buildTableEntry(index, {
    table: 'source_mac',
    match: stationKey(station),
    action: { name: 'known_on', params: { port: BigInt(portValue(station.port)) } },
  });
}

/** The entry that forwards to a station. */
export function destinationEntry(
  index: P4InfoIndex,
  station: Station,
): Result<Entity, EntityErrorCode> {
  return buildTableEntry(index, {
    table: 'destination_mac',
    match: stationKey(station),
    action: { name: 'forward_to', params: { port: BigInt(portValue(station.port)) } },
  });
}

export function stationEntryKey(
  index: P4InfoIndex,
  table: 'source_mac' | 'destination_mac',
  station: Station,
): Result<Entity, EntityErrorCode> {
  return buildTableKey(index, { table, match: stationKey(station) });
}

function stationKey(station: Station): Record<string, bigint> {
  return { vid: vlanBits(station.vlan), mac: macBits(station.mac) };
}

function portBits(port: PortSettings): bigint {
  return BigInt(portValue(port.number));
}

function vlanBits(vlan: VlanId): bigint {
  return BigInt(vlanValue(vlan));
}
