/**
 * The state decision algorithm, IEEE 1588-2019 9.3.3, figure 33, for all ports at once (figure 32);
 * IEEE 802.1AS-2020 10.3.13.2.4 beside it. ITU-T G.8275.1 6.3 decides as figure 33 does. Pure.
 */
import { portIdentityText } from '#units/clock-identity';
import type { Announce } from '#wire/ptp-message';
import type { DefaultDS, PortState } from '../data-sets.js';
import type { Comparison } from '../instance/instance-types.js';
import {
  choiceOrder,
  compareBy,
  comparePriorityVectors,
  dataSetOfInstance,
  isBetter,
  isWorse,
  priorityVector,
  type ComparisonDataSet,
} from './comparison.js';

/** 9.3.1: the state decision codes. */
export const DECISION_CODES = ['M1', 'M2', 'M3', 'P1', 'P2', 'S1'] as const;
export type DecisionCode = (typeof DECISION_CODES)[number];

/** Erbest of a port, or Ebest: an Announce of a qualified master, and where it was heard. */
export interface BestMaster {
  readonly announce: Announce;
  readonly dataSet: ComparisonDataSet;
  /** Of ours: the port that hears it. */
  readonly portNumber: number;
}

export interface DecisionPort {
  readonly portNumber: number;
  readonly portState: PortState;
  readonly masterOnly: boolean;
  readonly notSlave: boolean;
  /** Null: the empty set. */
  readonly erbest: BestMaster | null;
  /** 9.5.2.3: the lowest of our other ports that this port hears, or null. */
  readonly ownPortHeard: number | null;
}

export type DecidingClock = Pick<
  DefaultDS,
  'clockIdentity' | 'clockQuality' | 'priority1' | 'priority2' | 'localPriority'
>;

export interface Decision {
  /** Null: the port stays as it is. */
  readonly recommended: DecisionCode | null;
  /** In words, for logs and status. */
  readonly why: string;
}

export interface StateDecisionInput {
  readonly defaultDS: DecidingClock;
  readonly comparison: Comparison;
  readonly port: DecisionPort;
  readonly ebest: BestMaster | null;
}

/** What a STATE_DECISION_EVENT gives (figure 32): one Ebest and a decision for each port. */
export interface InstanceDecision {
  readonly ebest: BestMaster | null;
  /** By portNumber. */
  readonly decisions: ReadonlyMap<number, Decision>;
}

/** States in which a port takes no part: 9.2.6.8. */
const ABSENT: ReadonlySet<PortState> = new Set(['initializing', 'faulty', 'disabled']);

/** Figure 32: Ebest from the Erbest of all ports, then figure 33 for each. */
export function decideStates(
  defaultDS: DecidingClock,
  comparison: Comparison,
  ports: readonly DecisionPort[],
): InstanceDecision {
  const ebest = ebestOf(ports, comparison);
  const decisions = new Map(
    ports.map((port) => [port.portNumber, stateDecision({ defaultDS, comparison, port, ebest })]),
  );
  return { ebest, decisions };
}

/** Erbest as the decision sees it: a master-only port takes none into account (9.2.2.2). */
function erbestOf(port: DecisionPort): BestMaster | null {
  return port.masterOnly || ABSENT.has(port.portState) ? null : port.erbest;
}

/** 9.3.2.2: the best of all Erbest; G.8275.1 6.3 leaves ports out that may not be slaves. */
export function ebestOf(ports: readonly DecisionPort[], comparison: Comparison): BestMaster | null {
  return bestOf(
    ports.flatMap((port) => (port.notSlave ? [] : (erbestOf(port) ?? []))),
    comparison,
  );
}

/**
 * The best of several, or null of none. The figures are no order if one grandmaster tells different
 * things of itself by two ways (figure 35 does not look at them), so the candidates are taken by
 * where they were heard: the result does not depend on when.
 */
export function bestOf(
  candidates: readonly BestMaster[],
  comparison: Comparison,
): BestMaster | null {
  return candidates
    .toSorted(byOrigin)
    .reduce<BestMaster | null>(
      (best, one) =>
        best !== null && choiceOrder(best.dataSet, one.dataSet, comparison) <= 0 ? best : one,
      null,
    );
}

function byOrigin(a: BestMaster, b: BestMaster): number {
  const [x, y] = [a.dataSet.senderIdentity, b.dataSet.senderIdentity];
  return (
    a.portNumber - b.portNumber ||
    Number(x.clockIdentity > y.clockIdentity) - Number(x.clockIdentity < y.clockIdentity) ||
    x.portNumber - y.portNumber
  );
}

/** The recommended state of one port. */
export function stateDecision(input: StateDecisionInput): Decision {
  const { port } = input;
  if (ABSENT.has(port.portState)) return stays(`the port is ${port.portState}`);
  const erbest = erbestOf(port);
  if (port.ownPortHeard !== null && port.ownPortHeard < port.portNumber) {
    const why = `our own port ${port.ownPortHeard} is on the same path and has the lower number`;
    return { recommended: 'P2', why };
  }
  if (input.comparison === 'ieee8021as') return decide8021as(input, erbest);
  return figure33(input, erbest);
}

/** Figure 33. */
function figure33(input: StateDecisionInput, erbest: BestMaster | null): Decision {
  const { defaultDS, comparison, port, ebest } = input;
  if (erbest === null && port.portState === 'listening') {
    return stays('no qualified master is heard here, and the announce receipt timeout is not over');
  }
  const d0 = dataSetOfInstance(defaultDS);
  const { clockClass } = defaultDS.clockQuality;
  if (clockClass >= 1 && clockClass <= 127) {
    const { wins, why } = againstOurselves(d0, erbest, comparison, 'heard here');
    return { recommended: wins ? 'M1' : 'P1', why: `clockClass ${clockClass}: ${why}` };
  }
  const ours = againstOurselves(d0, ebest, comparison, 'heard anywhere');
  if (ours.wins || ebest === null) return { recommended: 'M2', why: ours.why };
  if (ebest.portNumber === port.portNumber) {
    return { recommended: 'S1', why: `${nameOf(ebest)} is the best master: ${ours.why}` };
  }
  return besideEbest(ebest, erbest, comparison);
}

/** Figure 33, lower right: another port is the slave. */
function besideEbest(
  ebest: BestMaster,
  erbest: BestMaster | null,
  comparison: Comparison,
): Decision {
  const slave = `${nameOf(ebest)} on port ${ebest.portNumber}`;
  if (erbest === null) return { recommended: 'M3', why: `serves what ${slave} gives` };
  const { ordering, by } = compareBy(ebest.dataSet, erbest.dataSet, comparison);
  if (ordering === 'betterByTopology') {
    const why = `${slave} and ${nameOf(erbest)} here have the same grandmaster (${by})`;
    return { recommended: 'P2', why };
  }
  return { recommended: 'M3', why: `${slave} is better than ${nameOf(erbest)} here (${by})` };
}

/** D0 against the best of others. What the figures call errors is our own echo: we stay master. */
function againstOurselves(
  d0: ComparisonDataSet,
  other: BestMaster | null,
  comparison: Comparison,
  where: string,
): { readonly wins: boolean; readonly why: string } {
  if (other === null) return { wins: true, why: `no qualified master is ${where}` };
  const { ordering, by } = compareBy(d0, other.dataSet, comparison);
  const wins = !isWorse(ordering);
  const relation = isBetter(ordering) ? 'better than' : wins ? 'not worse than' : 'worse than';
  return { wins, why: `our own clock is ${relation} ${nameOf(other)} (${by})` };
}

/**
 * 802.1AS-2020 10.3.13.2.4: a port whose information was received is Passive if we could not tell
 * its neighbor anything better; there is neither a LISTENING state nor a rule for clockClass 127.
 */
function decide8021as(input: StateDecisionInput, erbest: BestMaster | null): Decision {
  const { defaultDS, comparison, port, ebest } = input;
  const d0 = dataSetOfInstance(defaultDS);
  const ours = againstOurselves(d0, ebest, comparison, 'heard anywhere');
  const root = ours.wins ? null : ebest;
  if (root !== null && root.portNumber === port.portNumber) {
    return { recommended: 'S1', why: `${nameOf(root)} is the best master: ${ours.why}` };
  }
  const asMaster = root === null ? ('M2' as const) : ('M3' as const);
  if (erbest === null) return { recommended: asMaster, why: ours.why };
  // masterPriorityVector: the root by way of ourselves, out of this port.
  const told = priorityVector({
    ...(root?.dataSet ?? d0),
    stepsRemoved: root === null ? 0 : root.dataSet.stepsRemoved + 1,
    senderIdentity: { clockIdentity: defaultDS.clockIdentity, portNumber: port.portNumber },
    receiverIdentity: { clockIdentity: defaultDS.clockIdentity, portNumber: port.portNumber },
  });
  const { ordering, by } = comparePriorityVectors(told, priorityVector(erbest.dataSet));
  if (ordering === 'better') {
    return { recommended: asMaster, why: `we tell better than ${nameOf(erbest)} here (${by})` };
  }
  return { recommended: 'P2', why: `${nameOf(erbest)} here tells better than we do (${by})` };
}

function stays(why: string): Decision {
  return { recommended: null, why };
}

function nameOf(master: BestMaster): string {
  return portIdentityText(master.announce.header.sourcePortIdentity);
}
