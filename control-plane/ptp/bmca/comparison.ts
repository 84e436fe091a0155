/**
 * Data set comparison: who is the better master of two. IEEE 1588-2019 9.3.4, figures 34 and 35; the
 * alternate ones of ITU-T G.8275.1 6.3 and IEEE 802.1AS-2020 10.3.5 beside them. One figure, one
 * function; pure and total.
 */
import { clockIdentityText } from '#units/clock-identity';
import type { PortIdentity } from '#wire/ptp-header';
import type { Announce } from '#wire/ptp-message';
import type { ClockQuality, DefaultDS } from '../data-sets.js';
import type { Comparison } from '../instance/instance-types.js';

/** Table 29: what is compared, of an Announce (Erbest, Ebest) or of our own clock (D0). */
export interface ComparisonDataSet {
  readonly grandmasterPriority1: number;
  readonly grandmasterIdentity: bigint;
  readonly grandmasterClockQuality: ClockQuality;
  readonly grandmasterPriority2: number;
  readonly stepsRemoved: number;
  /** The figures compare its clockIdentity; its portNumber only breaks what they leave equal. */
  readonly senderIdentity: PortIdentity;
  readonly receiverIdentity: PortIdentity;
  /** G.8275.1 6.3: defaultDS.localPriority of D0, portDS.localPriority of what a port hears. */
  readonly localPriority: number;
}

/**
 * What the figures can say of A against B. `error1`: the receiver is the sender, a message came back;
 * `error2`: both tell the same of the same, a duplicate.
 */
export type Ordering =
  'better' | 'betterByTopology' | 'error1' | 'error2' | 'worseByTopology' | 'worse';

/** With the attribute that decided, for people. */
export interface ComparisonResult {
  readonly ordering: Ordering;
  readonly by: string;
}

type OwnAttributes = Pick<
  DefaultDS,
  'clockIdentity' | 'clockQuality' | 'priority1' | 'priority2' | 'localPriority'
>;

/** D0 of table 29: ourselves as if we were heard. */
export function dataSetOfInstance(defaultDS: OwnAttributes): ComparisonDataSet {
  const ourselves = { clockIdentity: defaultDS.clockIdentity, portNumber: 0 };
  return {
    grandmasterPriority1: defaultDS.priority1,
    grandmasterIdentity: defaultDS.clockIdentity,
    grandmasterClockQuality: defaultDS.clockQuality,
    grandmasterPriority2: defaultDS.priority2,
    stepsRemoved: 0,
    senderIdentity: ourselves,
    receiverIdentity: ourselves,
    localPriority: defaultDS.localPriority,
  };
}

/** Table 29 for an Announce as `receiver` heard it. */
export function dataSetOfAnnounce(
  announce: Announce,
  receiver: PortIdentity,
  localPriority: number,
): ComparisonDataSet {
  return {
    grandmasterPriority1: announce.grandmasterPriority1,
    grandmasterIdentity: announce.grandmasterIdentity,
    grandmasterClockQuality: {
      clockClass: announce.grandmasterClockClass,
      clockAccuracy: announce.grandmasterClockAccuracy,
      offsetScaledLogVariance: announce.grandmasterOffsetScaledLogVariance,
    },
    grandmasterPriority2: announce.grandmasterPriority2,
    stepsRemoved: announce.stepsRemoved,
    senderIdentity: announce.header.sourcePortIdentity,
    receiverIdentity: receiver,
    localPriority,
  };
}

/** A against B by the figures of the profile. */
export function compare(
  a: ComparisonDataSet,
  b: ComparisonDataSet,
  comparison: Comparison,
): Ordering {
  return compareBy(a, b, comparison).ordering;
}

/** As `compare`, with what decided. */
export function compareBy(
  a: ComparisonDataSet,
  b: ComparisonDataSet,
  comparison: Comparison,
): ComparisonResult {
  switch (comparison) {
    case 'ieee1588':
      return figure34(a, b);
    case 'g8275':
      return compareG8275(a, b);
    case 'ieee8021as':
      return comparePriorityVectors(priorityVector(a), priorityVector(b));
  }
}

export function isBetter(ordering: Ordering): boolean {
  return ordering === 'better' || ordering === 'betterByTopology';
}

export function isWorse(ordering: Ordering): boolean {
  return ordering === 'worse' || ordering === 'worseByTopology';
}

/** Figure 34: attributes of different grandmasters. The same one: by topology. */
export function figure34(a: ComparisonDataSet, b: ComparisonDataSet): ComparisonResult {
  if (a.grandmasterIdentity === b.grandmasterIdentity) return figure35(a, b);
  return (
    lower('priority1', a.grandmasterPriority1, b.grandmasterPriority1) ??
    lowerQuality(a.grandmasterClockQuality, b.grandmasterClockQuality) ??
    lower('priority2', a.grandmasterPriority2, b.grandmasterPriority2) ??
    lowerIdentity(a, b)
  );
}

/**
 * Figure 35: the same grandmaster by two ways. If we follow the nearer one, a sender one step further
 * is as far from the grandmaster as we are ourselves: of the two ends of the path between us the one
 * with the lower identity is its master (`better`), the other keeps silent (`betterByTopology`).
 */
export function figure35(a: ComparisonDataSet, b: ComparisonDataSet): ComparisonResult {
  const difference = a.stepsRemoved - b.stepsRemoved;
  if (difference > 1) return { ordering: 'worse', by: 'stepsRemoved' };
  if (difference < -1) return { ordering: 'better', by: 'stepsRemoved' };
  if (difference === 1) return mirrored(oneStepFurther(a));
  if (difference === -1) return oneStepFurther(b);
  const senders = order(a.senderIdentity.clockIdentity, b.senderIdentity.clockIdentity);
  if (senders !== 0) return byTopology(senders, 'sender’s identity');
  const ports = order(a.receiverIdentity.portNumber, b.receiverIdentity.portNumber);
  if (ports !== 0) return byTopology(ports, 'receiving port');
  return { ordering: 'error2', by: 'nothing: the same data set twice' };
}

/** The nearer one against `further`, which is one step further away. */
function oneStepFurther(further: ComparisonDataSet): ComparisonResult {
  const receiver = further.receiverIdentity.clockIdentity;
  const sender = further.senderIdentity.clockIdentity;
  if (receiver === sender) return { ordering: 'error1', by: 'nothing: the sender is the receiver' };
  return { ordering: receiver < sender ? 'better' : 'betterByTopology', by: 'stepsRemoved' };
}

/**
 * G.8275.1 6.3, figures 2 and 3: priority1 is not used; localPriority decides before identity; and
 * of several grandmasters with clockClass 127 or less the nearest is taken, not the lowest identity.
 */
export function compareG8275(a: ComparisonDataSet, b: ComparisonDataSet): ComparisonResult {
  const decided =
    lowerQuality(a.grandmasterClockQuality, b.grandmasterClockQuality) ??
    lower('priority2', a.grandmasterPriority2, b.grandmasterPriority2) ??
    lower('localPriority', a.localPriority, b.localPriority);
  if (decided !== null) return decided;
  const isSeveralAllowed = a.grandmasterClockQuality.clockClass <= 127;
  if (isSeveralAllowed || a.grandmasterIdentity === b.grandmasterIdentity) return figure35(a, b);
  return lowerIdentity(a, b);
}

/** 802.1AS-2020 10.3.5: components in the order in which they are compared; the lower is better. */
export type PriorityVector = readonly (readonly [string, number | bigint])[];

/** 10.3.4: systemIdentity of the grandmaster, stepsRemoved, sourcePortIdentity, receiving port. */
export function priorityVector(set: ComparisonDataSet): PriorityVector {
  const quality = set.grandmasterClockQuality;
  return [
    ['priority1', set.grandmasterPriority1],
    ['clockClass', quality.clockClass],
    ['clockAccuracy', quality.clockAccuracy],
    ['offsetScaledLogVariance', quality.offsetScaledLogVariance],
    ['priority2', set.grandmasterPriority2],
    ['grandmaster’s identity', set.grandmasterIdentity],
    ['stepsRemoved', set.stepsRemoved],
    ['sender’s identity', set.senderIdentity.clockIdentity],
    ['sender’s port', set.senderIdentity.portNumber],
    ['receiving port', set.receiverIdentity.portNumber],
  ];
}

export function comparePriorityVectors(a: PriorityVector, b: PriorityVector): ComparisonResult {
  for (const [index, [name, value]] of a.entries()) {
    const other = b[index];
    if (other === undefined) break;
    const decided = order(value, other[1]);
    if (decided !== 0) return { ordering: decided < 0 ? 'better' : 'worse', by: name };
  }
  return { ordering: 'error2', by: 'nothing: the same data set twice' };
}

/**
 * Negative if A is to be chosen. Where the figures say error-1 or error-2 the sender's portNumber
 * decides, so that the choice never depends on which came first.
 */
export function choiceOrder(
  a: ComparisonDataSet,
  b: ComparisonDataSet,
  comparison: Comparison,
): number {
  const ordering = compare(a, b, comparison);
  if (isBetter(ordering)) return -1;
  if (isWorse(ordering)) return 1;
  return (
    a.stepsRemoved - b.stepsRemoved ||
    order(a.senderIdentity.clockIdentity, b.senderIdentity.clockIdentity) ||
    a.senderIdentity.portNumber - b.senderIdentity.portNumber ||
    a.receiverIdentity.portNumber - b.receiverIdentity.portNumber
  );
}

function lower(by: string, a: number, b: number): ComparisonResult | null {
  if (a === b) return null;
  return { ordering: a < b ? 'better' : 'worse', by: `${by} ${a} against ${b}` };
}

function lowerQuality(a: ClockQuality, b: ClockQuality): ComparisonResult | null {
  return (
    lower('clockClass', a.clockClass, b.clockClass) ??
    lower('clockAccuracy', a.clockAccuracy, b.clockAccuracy) ??
    lower('offsetScaledLogVariance', a.offsetScaledLogVariance, b.offsetScaledLogVariance)
  );
}

function lowerIdentity(a: ComparisonDataSet, b: ComparisonDataSet): ComparisonResult {
  const mine = a.grandmasterIdentity;
  const other = b.grandmasterIdentity;
  return {
    ordering: mine < other ? 'better' : 'worse',
    by: `identity ${clockIdentityText(mine)} against ${clockIdentityText(other)}`,
  };
}

function byTopology(decided: number, by: string): ComparisonResult {
  return { ordering: decided < 0 ? 'betterByTopology' : 'worseByTopology', by };
}

function order<T extends number | bigint>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const MIRROR: Readonly<Record<Ordering, Ordering>> = {
  better: 'worse',
  betterByTopology: 'worseByTopology',
  error1: 'error1',
  error2: 'error2',
  worseByTopology: 'betterByTopology',
  worse: 'better',
};

function mirrored(result: ComparisonResult): ComparisonResult {
  return { ordering: MIRROR[result.ordering], by: result.by };
}
