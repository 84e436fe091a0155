/**
 * The clock in entries of the P4 program: who we are, what the dataplane answers in our name, and
 * what the controller wants to see. Pure.
 */
import type { ActionCall, EntrySpec, Match } from '#p4rt/entities';
import { macBits, portValue } from '#units/identity';
import { logIntervalValue, type LogInterval } from '#units/time';
import { flag, portBits } from './port-entries.js';
import { MESSAGE_TYPE, PTP_KIND, PUNT_REASON, type MessageKind } from './program.js';
import {
  portUses,
  type ClockSettings,
  type PortSettings,
  type PtpInstance,
  type SwitchSettings,
} from './settings.js';

/** A message that says to come from this clock has come back, unless another has our name. */
export function ownClockEntry({ identity }: ClockSettings): EntrySpec {
  return {
    table: 'own_clock',
    match: { clock_identity: identity },
    action: { name: 'is_own', params: {} },
  };
}

/** portNumber of a port of ours is the switch's number of it. */
function sourceParams(clock: ClockSettings, port: PortSettings): Record<string, bigint> {
  const { mac, ipv4, ipv6 } = port.address;
  return {
    own_clock_identity: clock.identity,
    own_port_number: BigInt(portValue(port.number)),
    own_mac: macBits(mac),
    own_ipv4: ipv4,
    own_ipv6: ipv6,
  };
}

/** Pdelay_Req is answered by the dataplane. */
export function peerDelayEntries(clock: ClockSettings, port: PortSettings): EntrySpec[] {
  if (!port.peerDelay.enabled) return [];
  return [
    {
      table: 'peer_delay',
      match: { ingress_port: portBits(port) },
      action: {
        name: 'answer_peer_delay',
        params: {
          ...sourceParams(clock, port),
          two_step: flag(port.peerDelay.responder === 'two'),
        },
      },
    },
  ];
}

/** The instances for which a port is a boundary clock's: the primary domain, and those named. */
function boundaryInstances(clock: ClockSettings, port: PortSettings): PtpInstance[] {
  const named = port.instances.filter(({ ptp }) => ptp === 'boundary');
  const { domainNumber } = clock;
  const isNamed = port.instances.some(
    (instance) => instance.domainNumber === domainNumber && instance.sdoId === 0,
  );
  return port.ptp === 'boundary' && !isNamed ? [{ domainNumber, sdoId: 0 }, ...named] : named;
}

/** Delay_Req is answered by the dataplane. */
export function delayResponderEntries(clock: ClockSettings, port: PortSettings): EntrySpec[] {
  const responder = port.delayResponder;
  if (responder === null) return [];
  return boundaryInstances(clock, port).map((instance) =>
    delayResponderEntry(clock, port, instance, responder.logMinDelayReqInterval),
  );
}

export function delayResponderEntry(
  clock: ClockSettings,
  port: PortSettings,
  { domainNumber, sdoId }: PtpInstance,
  logMinDelayReqInterval: LogInterval,
): EntrySpec {
  return {
    table: 'delay_responder',
    match: {
      ingress_port: portBits(port),
      sdo_id: BigInt(sdoId),
      domain_number: BigInt(domainNumber),
    },
    action: {
      name: 'answer_delay',
      params: {
        ...sourceParams(clock, port),
        log_min_delay_req_interval: signed8(logMinDelayReqInterval),
      },
    },
  };
}

function signed8(interval: LogInterval): bigint {
  return BigInt.asUintN(8, BigInt(logIntervalValue(interval)));
}

/** One packet-out to a group is many Syncs, each with its own port's number. */
export function originEntries(port: PortSettings): EntrySpec[] {
  if (!portUses(port, 'boundary')) return [];
  return [
    {
      table: 'origin',
      match: { egress_port: portBits(port) },
      action: { name: 'set_origin', params: { port_number: BigInt(portValue(port.number)) } },
    },
  ];
}

/** One message of `every` is told; 0: none. */
export function ledgerCall(every: number): ActionCall {
  return every === 0
    ? { name: 'no_sampling', params: {} }
    : { name: 'sample', params: { mask: BigInt(every - 1) } };
}

const ETHER_TYPES = { ethernet: [0x88f7n], udp: [0x0800n, 0x86ddn] } as const;
const PUNT_PRIORITY = 1;
const ALL = { kind: 0x7n, messageType: 0xfn, etherType: 0xffffn, port: 0x1ffn } as const;

/**
 * The copies that the controller wants. Management: where its transport is on. Signaling: on ports
 * with peer delay by 802.1AS, whose neighbors set our intervals by it. Sync and Follow_Up: to follow
 * a rate. Messages for the controller alone need no entry.
 */
export function puntEntries(settings: SwitchSettings): EntrySpec[] {
  const { management, syntonize, ports } = settings;
  const entries: EntrySpec[] = [];
  for (const transport of ['ethernet', 'udp'] as const) {
    if (!management[transport]) continue;
    for (const etherType of ETHER_TYPES[transport]) {
      entries.push(
        copyEntry('management', 'general', PUNT_REASON.management, {
          ether_type: { value: etherType, mask: ALL.etherType },
        }),
      );
    }
  }
  for (const port of ports) {
    if (!port.peerDelay.enabled || port.peerDelay.convention !== 'ieee8021as') continue;
    const match = { ingress_port: { value: portBits(port), mask: ALL.port } };
    entries.push(copyEntry('signaling', 'general', PUNT_REASON.signaling, match));
  }
  if (syntonize !== null) {
    entries.push(copyEntry('sync', 'event', PUNT_REASON.syntonization));
    entries.push(copyEntry('followUp', 'general', PUNT_REASON.syntonization));
  }
  return entries;
}

function copyEntry(
  message: MessageKind,
  kind: keyof typeof PTP_KIND,
  reason: number,
  match: Readonly<Record<string, Match>> = {},
): EntrySpec {
  return {
    table: 'punt_policy',
    match: {
      ...match,
      ptp_kind: { value: PTP_KIND[kind], mask: ALL.kind },
      message_type: { value: BigInt(MESSAGE_TYPE[message]), mask: ALL.messageType },
    },
    action: { name: 'copy_to_controller', params: { reason: BigInt(reason) } },
    priority: PUNT_PRIORITY,
  };
}
