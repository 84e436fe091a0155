/** From what was heard in a row: what each part of the way adds to its messages' times. Pure. */
import { between, requestWays, syncWays, type Way } from '../../measure/path-noise.js';
import type { SlaveEvent } from '../../measure/slave-events.js';
import type { ClockError, CompareFigures } from './leg.js';
import type { CompareRow } from './rows.js';

/** A message's time on a part of its way beyond what was corrected. */
export interface NoiseSample {
  /** Since the beginning of the measurement. */
  readonly atNs: number;
  readonly ns: number;
}

/** Both directions of a part of the way, at the same time: Sync down, Delay_Req up. */
export interface WayNoise {
  readonly down: readonly NoiseSample[];
  readonly up: readonly NoiseSample[];
}

export interface RowNoise {
  /** From the grandmaster's stamp to the first switch's, or to the client's. */
  readonly firstDown: readonly NoiseSample[];
  /** From the client's stamp to the last switch's, or to the grandmaster's. */
  readonly lastUp: readonly NoiseSample[];
  /**
   * From a switch's receive stamp, less what it corrected, to the next receive stamp: all switches of the
   * row together. Null behind boundary clocks, whose own time is in it, and on a direct link.
   */
  readonly switches: WayNoise | null;
  /** From a Sync's arrival to the moment at which the client steered by it: how late its process was. */
  readonly steering: readonly NoiseSample[];
}

/** The error of a clock between the moments at which it was steered: a straight line. */
export function errorAt(errors: readonly ClockError[], atNs: bigint): number | null {
  let low = 0;
  let high = errors.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((errors[middle]?.atNs ?? 0n) <= atNs) low = middle + 1;
    else high = middle;
  }
  const [before, after] = [errors[low - 1], errors[low]];
  if (before === undefined || after === undefined) return null;
  const share = Number(atNs - before.atNs) / Number(after.atNs - before.atNs);
  return before.errorNs + share * (after.errorNs - before.errorNs);
}

/** Delay_Req as the client stamped them, by the true time. */
function clientRequests(
  events: readonly SlaveEvent[],
  errors: readonly ClockError[],
): ReadonlyMap<number, bigint> {
  const sent = new Map<number, bigint>();
  for (const event of events) {
    if (event.kind !== 'delay') continue;
    // The clock is off by far less than it takes to change: its own time says where to look.
    const errorNs = errorAt(errors, event.requestNs);
    if (errorNs === null) continue;
    sent.set(event.sequenceId, event.requestNs - BigInt(Math.round(errorNs)));
  }
  return sent;
}

/** Of each time that it was steered: since the Sync that had come last. */
function steeringDelays({ events, errors }: CompareFigures, startNs: bigint): NoiseSample[] {
  const ingress = events.flatMap((event) => (event.kind === 'sync' ? [event.ingressNs] : []));
  let at = 0;
  return errors.flatMap(({ atNs }) => {
    while ((ingress[at + 1] ?? atNs) < atNs) at += 1;
    const cameNs = ingress[at];
    if (cameNs === undefined || cameNs > atNs) return [];
    return [{ atNs: Number(cameNs - startNs), ns: Number(atNs - cameNs) }];
  });
}

const sequenceOf = (way: Way) => Number(way.key.split('/').at(-1));

/** From the client's own stamp instead of the tap's, which is taken before it. */
function fromClient(ways: readonly Way[], sent: ReadonlyMap<number, bigint>): Way[] {
  return ways.flatMap((way) => {
    const sentNs = sent.get(sequenceOf(way));
    return sentNs === undefined
      ? []
      : [{ ...way, stampNs: sentNs, ns: way.ns + Number(way.stampNs - sentNs) }];
  });
}

/** @throws RangeError where it was not listened at an interface. */
export function rowNoise({ kind, switches }: CompareRow, figures: CompareFigures): RowNoise {
  const { taps, events, errors } = figures;
  const heard = (name: string) => {
    const messages = taps.get(name);
    if (messages === undefined) throw new RangeError(`nobody listened at ${name}`);
    return messages;
  };
  const client = heard('client');
  const startNs = client[0]?.stampNs ?? 0n;
  const samples = (ways: readonly Way[]): NoiseSample[] =>
    ways
      .map(({ stampNs, ns }) => ({ atNs: Number(stampNs - startNs), ns }))
      .sort((a, b) => a.atNs - b.atNs);
  const sent = clientRequests(events, errors);
  const steering = steeringDelays(figures, startNs);
  const down = syncWays(client);
  const up = fromClient(requestWays(client, 'out'), sent);
  if (switches === 0) {
    return { firstDown: samples(down), lastUp: samples(up), switches: null, steering };
  }
  const firstDown = syncWays(heard('1-up'));
  // Answers that a switch sends pass its tap unseen; the client's has them.
  const requests = heard(`${switches}-down`).filter(({ message }) => message.kind === 'delayReq');
  const answers = client.filter(({ message }) => message.kind === 'delayResp');
  const turned = answers.map((answer) => ({ ...answer, direction: 'out' as const }));
  const beyond = requestWays([...requests, ...turned], 'in');
  const lastUp = samples(between(up, beyond));
  const ends = { firstDown: samples(firstDown), lastUp, steering };
  if (kind === 'bc') return { ...ends, switches: null };
  return { ...ends, switches: { down: samples(between(down, firstDown)), up: samples(beyond) } };
}
