/**
 * What really happened to each Sync between two interfaces, against what the correctionField said
 * when it arrived. Nothing between the two is asked: the times are the kernel's stamps at the
 * grandmaster's and at the client's interface, which read the same clock.
 */
import { FOLLOW_UP, SYNC, type StampedMessage } from './frame-stamps.js';

/** One Sync that arrived, with its Follow_Up where it has one. All in ns. */
export interface ResidenceTruth {
  readonly sequenceId: number;
  /** When it left the grandmaster's interface. */
  readonly leftNs: bigint;
  /** Client's stamp − grandmaster's stamp: residences, and the links between. */
  readonly transitNs: number;
  /** What came in Sync and Follow_Up beyond what the grandmaster had put there. */
  readonly correctionNs: number;
}

export interface TruthResult {
  /** Syncs that left in the interval. */
  readonly sent: number;
  /** Those of them that never came in, or whose Follow_Up did not. */
  readonly lost: number;
  readonly arrived: readonly ResidenceTruth[];
}

/** Syncs within it that left late may still be under way. */
export interface Interval {
  readonly startNs: bigint;
  readonly endNs: bigint;
}

const SCALED_NS = 65536;

const keyOf = ({ messageType, domainNumber, source, sequenceId }: StampedMessage) =>
  `${messageType}/${domainNumber}/${source}/${sequenceId}`;

const followUpKeyOf = (sync: StampedMessage) => keyOf({ ...sync, messageType: FOLLOW_UP });

/** First stamps by message; a copy that came twice is told by its first. */
function byKey(
  messages: readonly StampedMessage[],
  direction: StampedMessage['direction'],
): Map<string, StampedMessage[]> {
  const found = new Map<string, StampedMessage[]>();
  for (const message of messages) {
    if (message.direction !== direction) continue;
    const key = keyOf(message);
    const same = found.get(key);
    if (same === undefined) found.set(key, [message]);
    else same.push(message);
  }
  return found;
}

/** sequenceId comes again after 65536 Syncs: a message belongs to the last one before it. */
const MAX_TRANSIT_NS = 10_000_000_000n;

/** The first of them between a message's leaving and the longest that it may be under way. */
function arrivalOf(
  candidates: readonly StampedMessage[] | undefined,
  leftNs: bigint,
): StampedMessage | undefined {
  return candidates?.find(({ stampNs }) => stampNs >= leftNs && stampNs < leftNs + MAX_TRANSIT_NS);
}

/** Pairs what left the grandmaster in the interval with what came in at the client. */
export function residenceTruth(
  grandmaster: readonly StampedMessage[],
  client: readonly StampedMessage[],
  interval: Interval,
): TruthResult {
  const left = byKey(grandmaster, 'out');
  const came = byKey(client, 'in');
  const arrived: ResidenceTruth[] = [];
  let sent = 0;
  for (const sync of grandmaster) {
    const leftInTime = sync.stampNs >= interval.startNs && sync.stampNs < interval.endNs;
    if (sync.direction !== 'out' || sync.messageType !== SYNC || !leftInTime) continue;
    sent++;
    const arrival = arrivalOf(came.get(keyOf(sync)), sync.stampNs);
    if (arrival === undefined) continue;
    const before = arrivalOf(left.get(followUpKeyOf(sync)), sync.stampNs);
    const after = arrivalOf(came.get(followUpKeyOf(sync)), sync.stampNs);
    if (arrival.twoStep && after === undefined) continue;
    const units =
      arrival.correctionScaledNs -
      sync.correctionScaledNs +
      (after?.correctionScaledNs ?? 0n) -
      (before?.correctionScaledNs ?? 0n);
    arrived.push({
      sequenceId: sync.sequenceId,
      leftNs: sync.stampNs,
      transitNs: Number(arrival.stampNs - sync.stampNs),
      correctionNs: Number(units) / SCALED_NS,
    });
  }
  return { sent, lost: sent - arrived.length, arrived };
}
