/**
 * What a planned switch does with PTP beyond correcting it: two-step ports, peer delay, answers,
 * accept lists, the clock. In the P4 program's names; p4/README.md says what each entry means.
 */
import type { NamedEntry } from './switch-state.js';

/** 0 off, 1 transparent end-to-end, 2 blocked, 3 transparent peer-to-peer, 4 boundary. */
export type PtpMode = 0 | 1 | 2 | 3 | 4;

/** A PTP instance that a port treats in another way than others, in both directions. */
export interface InstancePlan {
  readonly port: number;
  readonly sdoId: number;
  readonly domainNumber: number;
  readonly ptpMode: PtpMode;
}

/** What a port adds to corrections: scaled nanoseconds (2^-16), signed; the limit in nanoseconds. */
export interface TimingPlan {
  readonly port: number;
  readonly ingressLatency: bigint;
  readonly egressLatency: bigint;
  readonly asymmetry: bigint;
  readonly residenceLimitNs: bigint;
  /** Added to Sync where the port is peer-to-peer. Default 0. */
  readonly meanLinkDelay?: bigint;
}

/** A port's own addresses, as it answers peer delay and Delay_Req with them. */
export interface AnswerPlan {
  readonly port: number;
  readonly clockIdentity: bigint;
  readonly portNumber: number;
  readonly mac: bigint;
  readonly ipv4: bigint;
  readonly ipv6: bigint;
}

export interface PeerDelayPlan extends AnswerPlan {
  readonly twoStep: boolean;
}

export interface DelayResponderPlan extends AnswerPlan {
  readonly sdoId: number;
  readonly domainNumber: number;
  readonly logMinDelayReqInterval: number;
}

/** PTP time at an instant of the target's clock; the rate is (rate - 1) * 2^41, signed. */
export interface ClockPlan {
  readonly referenceTicks: bigint;
  readonly seconds: bigint;
  readonly nanoseconds: number;
  readonly rateOffset: number;
}

export interface MarkingPlan {
  readonly port: number;
  readonly pcp: number | null;
  readonly dscp: number | null;
}

export interface AcceptedMaster {
  readonly port: number;
  readonly clockIdentity: bigint;
  readonly portNumber: number;
}

/** A punt_policy entry; what it does not name matches everything. */
export interface PuntPlan {
  readonly match: Readonly<
    Partial<
      Record<'ingress_port' | 'destination' | 'ether_type' | 'ptp_kind' | 'message_type', bigint>
    >
  >;
  readonly reason: number;
  readonly trap: boolean;
}

export interface PtpPlan {
  readonly timing?: readonly TimingPlan[];
  readonly instances?: readonly InstancePlan[];
  /** Ports that messages leave two-step by. */
  readonly twoStepPorts?: readonly number[];
  /** Ports that hear listed masters only, and those masters. */
  readonly listedMastersPorts?: readonly number[];
  readonly acceptedMasters?: readonly AcceptedMaster[];
  readonly ownClocks?: readonly bigint[];
  /** Residence is multiplied by the rate: (rate - 1) * 2^41, signed. */
  readonly rates?: readonly {
    readonly sdoId: number;
    readonly domainNumber: number;
    readonly rateOffset: number;
  }[];
  readonly peerDelay?: readonly PeerDelayPlan[];
  readonly delayResponders?: readonly DelayResponderPlan[];
  readonly clock?: ClockPlan;
  /** portNumber of the agent's stamped Syncs. */
  readonly origins?: readonly { readonly port: number; readonly portNumber: number }[];
  readonly marking?: readonly MarkingPlan[];
  readonly ledgerMask?: number;
  readonly punts?: readonly PuntPlan[];
}

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const u32 = (value: number): bigint => BigInt.asUintN(32, BigInt(value));
const flag = (value: boolean): bigint => (value ? 1n : 0n);

type Add = (
  table: string,
  match: NamedEntry['match'],
  action: string,
  args: NamedEntry['args'],
) => void;

/** The entries of all that a plan says of PTP. */
export function ptpEntriesOf(plan: PtpPlan): NamedEntry[] {
  const out: NamedEntry[] = [];
  const add: Add = (table, match, action, args) => out.push({ table, match, action, args });
  addInstances(add, plan);
  addTiming(add, plan);
  addGuards(add, plan);
  addAnswers(add, plan);
  addClock(add, plan);
  for (const { match, reason, trap } of plan.punts ?? []) {
    const action = trap ? 'trap_to_controller' : 'copy_to_controller';
    const args = { reason: BigInt(reason) };
    out.push({ table: 'punt_policy', match, action, args, priority: 10 });
  }
  return out;
}

function addInstances(add: Add, plan: PtpPlan): void {
  for (const { port, sdoId, domainNumber, ptpMode: mode } of plan.instances ?? []) {
    const instance = { sdo_id: BigInt(sdoId), domain_number: BigInt(domainNumber) };
    const args = { ptp_mode: BigInt(mode) };
    add('ingress_instance', { ingress_port: BigInt(port), ...instance }, 'set_ingress_mode', args);
    add('egress_instance', { egress_port: BigInt(port), ...instance }, 'set_egress_mode', args);
  }
}

function addTiming(add: Add, plan: PtpPlan): void {
  const timed = new Map((plan.timing ?? []).map((one) => [one.port, one]));
  const twoStep = new Set(plan.twoStepPorts ?? []);
  for (const port of new Set([...timed.keys(), ...twoStep])) {
    const one = timed.get(port);
    const asymmetry = u64(one?.asymmetry ?? 0n);
    const two_step = flag(twoStep.has(port));
    add('ingress_timing', { ingress_port: BigInt(port) }, 'set_ingress_timing', {
      latency: u64(one?.ingressLatency ?? 0n),
      asymmetry,
      mean_link_delay: u64(one?.meanLinkDelay ?? 0n),
      two_step,
    });
    add('egress_timing', { egress_port: BigInt(port) }, 'set_egress_timing', {
      latency: u64(one?.egressLatency ?? 0n),
      asymmetry,
      residence_limit_ns: one?.residenceLimitNs ?? 0n,
      two_step,
    });
  }
  for (const { sdoId, domainNumber, rateOffset } of plan.rates ?? []) {
    const match = { sdo_id: BigInt(sdoId), domain_number: BigInt(domainNumber) };
    add('syntonization', match, 'set_rate_offset', { rate_offset: u32(rateOffset) });
  }
}

function addGuards(add: Add, plan: PtpPlan): void {
  for (const { port, clockIdentity, portNumber } of plan.acceptedMasters ?? []) {
    const match = {
      ingress_port: BigInt(port),
      clock_identity: clockIdentity,
      port_number: BigInt(portNumber),
    };
    add('accepted_master', match, 'accept_master', {});
  }
  for (const clock_identity of plan.ownClocks ?? []) {
    add('own_clock', { clock_identity }, 'is_own', {});
  }
  for (const { port, pcp, dscp } of plan.marking ?? []) {
    add('marking', { egress_port: BigInt(port) }, 'mark', {
      pcp: BigInt(pcp ?? 0),
      dscp: BigInt(dscp ?? 0),
      set_pcp: flag(pcp !== null),
      set_dscp: flag(dscp !== null),
    });
  }
}

function answerArgs(one: AnswerPlan): Record<string, bigint> {
  return {
    own_clock_identity: one.clockIdentity,
    own_port_number: BigInt(one.portNumber),
    own_mac: one.mac,
    own_ipv4: one.ipv4,
    own_ipv6: one.ipv6,
  };
}

function addAnswers(add: Add, plan: PtpPlan): void {
  for (const one of plan.peerDelay ?? []) {
    const args = { ...answerArgs(one), two_step: flag(one.twoStep) };
    add('peer_delay', { ingress_port: BigInt(one.port) }, 'answer_peer_delay', args);
  }
  for (const one of plan.delayResponders ?? []) {
    const match = {
      ingress_port: BigInt(one.port),
      sdo_id: BigInt(one.sdoId),
      domain_number: BigInt(one.domainNumber),
    };
    const interval = BigInt.asUintN(8, BigInt(one.logMinDelayReqInterval));
    const args = { ...answerArgs(one), log_min_delay_req_interval: interval };
    add('delay_responder', match, 'answer_delay', args);
  }
}

function addClock(add: Add, plan: PtpPlan): void {
  if (plan.clock !== undefined) {
    add('clock', {}, 'set_clock', {
      reference_ticks: BigInt.asUintN(48, plan.clock.referenceTicks),
      seconds: plan.clock.seconds,
      nanoseconds: BigInt(plan.clock.nanoseconds),
      rate_offset: u32(plan.clock.rateOffset),
    });
  }
  for (const { port, portNumber } of plan.origins ?? []) {
    const args = { port_number: BigInt(portNumber) };
    add('origin', { egress_port: BigInt(port) }, 'set_origin', args);
  }
  if (plan.ledgerMask !== undefined) {
    add('ledger', {}, 'sample', { mask: BigInt(plan.ledgerMask) });
  }
}
