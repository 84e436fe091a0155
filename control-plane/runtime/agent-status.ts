/** From what an agent knows to what it tells: /status.json's shape. Pure. */
import { portCounters, switchDrops } from '#dataplane/counters';
import { MALFORMED_REASONS, MESSAGE_KINDS, MESSAGE_TYPE } from '#dataplane/program';
import { summariseResidence } from '#dataplane/residence';
import type { PortSettings } from '#dataplane/settings';
import type { ArbitrationPhase } from '#p4rt/arbitration';
import type { Target } from '#p4rt/target';
import { clockIdentityText } from '#units/clock-identity';
import { portValue, vlanValue } from '#units/identity';
import { nsOf } from '#units/time';
import type { Pipeline } from './artefacts.js';
import type { AgentConfig } from './config.js';
import type { Statistics } from './statistics.js';
import type { AgentStatus, PortStatus } from './status.js';

/** What an agent knows at one moment. */
export interface AgentKnowledge {
  readonly version: string;
  readonly config: AgentConfig;
  readonly target: Target;
  readonly pipeline: Pipeline;
  readonly ready: boolean;
  readonly phase: ArbitrationPhase;
  readonly reason: string;
  readonly notes: readonly string[];
  readonly pushes: number;
  readonly entries: number;
  readonly macTable: AgentStatus['macTable'];
  readonly digests: AgentStatus['digests'];
  readonly ptp: AgentStatus['ptp'];
  /** What the agent itself has sent by a port, by messageType: the dataplane counts none of it. */
  readonly sentByAgent: (port: number) => readonly bigint[];
  /** Null: none were ever read. */
  readonly statistics: Statistics | null;
  readonly countersCurrent: boolean;
}

export function agentStatus(known: AgentKnowledge): AgentStatus {
  const { config, target, pipeline, statistics } = known;
  const { clock } = config.settings;
  const ports = config.settings.ports.map((port, slot) =>
    portStatus(port, slot, statistics, known.sentByAgent(portValue(port.number))),
  );
  return {
    version: known.version,
    ready: known.ready,
    target: {
      kind: target.kind,
      address: config.target.address,
      deviceId: String(config.target.deviceId),
      electionId: String(config.target.electionId),
      phase: known.phase,
      reason: known.reason,
      timestampResolutionNs: Number(nsOf(target.capabilities.timestampResolution)),
      txHalf: target.capabilities.txHalf,
      notes: known.notes,
    },
    pipeline: {
      name: pipeline.name,
      cookie: pipeline.cookie.toString(16).padStart(16, '0'),
      pushes: known.pushes,
      entries: known.entries,
    },
    clock: { identity: clockIdentityText(clock.identity), domainNumber: clock.domainNumber },
    ports,
    macTable: known.macTable,
    malformed: sumMalformed(ports),
    drops: statistics?.drops ?? switchDrops(new Map(), []),
    digests: known.digests,
    ptp: known.ptp,
    countersCurrent: known.countersCurrent,
  };
}

function portStatus(
  port: PortSettings,
  slot: number,
  statistics: Statistics | null,
  sentByAgent: readonly bigint[],
): PortStatus {
  const known = statistics?.ports[slot];
  const counters = known?.counters ?? portCounters(new Map(), slot);
  return {
    number: portValue(port.number),
    name: port.name,
    ptp: port.ptp,
    step: port.step,
    vlan: {
      native: port.nativeVlan === null ? null : vlanValue(port.nativeVlan),
      tagged: port.taggedVlans.map(vlanValue),
    },
    ...counters,
    messages: withSent(counters.messages, sentByAgent),
    residenceNs: known?.residence ?? summariseResidence([]),
  };
}

function withSent(
  messages: PortStatus['messages'],
  sentByAgent: readonly bigint[],
): PortStatus['messages'] {
  const entries = MESSAGE_KINDS.map((kind) => {
    const counts = messages[kind];
    const more = Number(sentByAgent[MESSAGE_TYPE[kind]] ?? 0n);
    return [kind, { ...counts, sent: counts.sent + more }] as const;
  });
  return Object.fromEntries(entries) as PortStatus['messages'];
}

function sumMalformed(ports: readonly PortStatus[]): AgentStatus['malformed'] {
  return Object.fromEntries(
    MALFORMED_REASONS.map((reason) => [
      reason,
      ports.reduce((sum, port) => sum + port.malformed[reason], 0),
    ]),
  ) as AgentStatus['malformed'];
}
