/** What the settings mean in entities of the P4 program: a pure function. */
import {
  buildCloneSession,
  buildDefaultEntry,
  buildDigestConfig,
  buildMulticastGroup,
  buildTableEntry,
  type ActionCall,
  type Entity,
  type EntityErrorCode,
  type EntrySpec,
} from '#p4rt/entities';
import { buildMeterCell, singleRate, type MeterCell } from '#p4rt/meters';
import type { P4InfoIndex } from '#p4rt/p4info';
import type { TargetCapabilities } from '#p4rt/target';
import { portValue, vlanValue } from '#units/identity';
import { success, type Result } from '#units/result';
import { milliseconds, nsOf, scaledNs, seconds } from '#units/time';
import {
  delayResponderEntries,
  ledgerCall,
  originEntries,
  ownClockEntry,
  peerDelayEntries,
  puntEntries,
} from './clock-entries.js';
import { neighborEntries } from './neighbor-entries.js';
import {
  admissionEntries,
  deliveryEntries,
  egressTimingEntry,
  ingressTimingEntry,
  instanceEntries,
  markingEntries,
  masterEntries,
  portEntry,
  saysSomething,
  vlansOf,
} from './port-entries.js';
import {
  CPU_CLONE_SESSION,
  CPU_PORT,
  DIGEST,
  LEDGER_DIGEST,
  LEDGER_METER,
  MALFORMED,
  MALFORMED_REASONS,
  PORT_CLONE_SESSIONS,
  PUNT_METER,
} from './program.js';
import type { PortSettings, SwitchSettings } from './settings.js';

/** Batches learning under load, and is not felt by a first frame, which floods anyway. */
const DIGEST_LIST = {
  maxTimeoutNs: nsOf(milliseconds(20)),
  maxListSize: 128,
  ackTimeoutNs: nsOf(seconds(1)),
};

const NOT_MEASURED = scaledNs(0n);

/** What of a target's capabilities changes the state that it is to have. */
export type StateCapabilities = Pick<TargetCapabilities, 'txEvents'>;

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
  capabilities: StateCapabilities,
): Result<Entity[], EntityErrorCode> {
  const entities: Entity[] = [
    ...cloneSessions(settings, capabilities),
    ...[...membersByVlan(settings)].map(([vlan, ports]) => buildMulticastGroup(vlan, ports)),
  ];
  for (const cell of [...puntMeterCells(settings), ...ledgerMeterCells(settings)]) {
    const entity = buildMeterCell(index, cell);
    if (!entity.ok) return entity;
    entities.push(entity.value);
  }
  for (const spec of entrySpecs(settings)) {
    const entity = buildTableEntry(index, spec);
    if (!entity.ok) return entity;
    entities.push(entity.value);
  }
  for (const [table, call] of defaultCalls(settings)) {
    const entity = buildDefaultEntry(index, table, call);
    if (!entity.ok) return entity;
    entities.push(entity.value);
  }
  for (const name of settings.ledger.sampleEvery > 0 ? [DIGEST, LEDGER_DIGEST] : [DIGEST]) {
    const digest = buildDigestConfig(index, name, DIGEST_LIST);
    if (!digest.ok) return digest;
    entities.push(digest.value);
  }
  return success(entities);
}

function entrySpecs(settings: SwitchSettings): EntrySpec[] {
  const { clock, ports } = settings;
  return [
    ...[...membersByVlan(settings).keys()].map(floodEntry),
    ...ports.flatMap((port) => deliveryEntries(port, slotOf(settings, port))),
    ...malformedEntries(settings),
    ...ports.flatMap(admissionEntries),
    ...ports.flatMap((port) => timingEntries(port)),
    ...ports.flatMap(markingEntries),
    ...ports.flatMap(instanceEntries),
    ...ports.flatMap(masterEntries),
    ownClockEntry(clock),
    ...ports.flatMap((port) => [
      ...peerDelayEntries(clock, port),
      ...delayResponderEntries(clock, port),
      ...originEntries(port),
    ]),
    ...puntEntries(settings),
    ...neighborEntries(settings),
    ...ports.map((port) => portEntry(port, slotOf(settings, port))),
  ];
}

/** No PTP time until a service sets it: what another configuration has left would run on for ever. */
function defaultCalls(settings: SwitchSettings): [table: string, call: ActionCall][] {
  return [
    ['ledger', ledgerCall(settings.ledger.sampleEvery)],
    ['clock', { name: 'free_running', params: {} }],
  ];
}

/** In front of the controller: each message type of each port has a meter of its own. */
function puntMeterCells(settings: SwitchSettings): MeterCell[] {
  const { name, cellsPerSlot } = PUNT_METER;
  return settings.ports.flatMap((port) => {
    const { perSecond, burst } = port.puntLimit;
    const rates = singleRate(BigInt(perSecond), BigInt(burst));
    const first = slotOf(settings, port) * cellsPerSlot;
    return Array.from({ length: cellsPerSlot }, (_, type) => ({
      meter: name,
      cell: first + type,
      rates,
    }));
  });
}

/** In front of the ledger: by its sequenceId a sender chooses itself which messages are sampled. */
function ledgerMeterCells(settings: SwitchSettings): MeterCell[] {
  const rate = BigInt(settings.ledger.perSecond);
  return settings.ports.map((port) => ({
    meter: LEDGER_METER,
    cell: slotOf(settings, port),
    rates: singleRate(rate, rate),
  }));
}

/** To the controller; and back to each port, where a transmit event is a copy of the frame. */
function cloneSessions(settings: SwitchSettings, { txEvents }: StateCapabilities): Entity[] {
  const toController = buildCloneSession(CPU_CLONE_SESSION, CPU_PORT);
  if (txEvents !== 'clone') return [toController];
  const numbers = settings.ports.map(({ number }) => portValue(number));
  return [
    toController,
    ...numbers.map((number) => buildCloneSession(PORT_CLONE_SESSIONS + number, number)),
  ];
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

function floodEntry(vlan: number): EntrySpec {
  return {
    table: 'flood_group',
    match: { vid: BigInt(vlan) },
    action: { name: 'flood_to', params: { group: BigInt(vlan) } },
  };
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

function timingEntries(port: PortSettings): EntrySpec[] {
  return [ingressTimingEntry(port, NOT_MEASURED), egressTimingEntry(port)].filter(saysSomething);
}
