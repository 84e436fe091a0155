/** From what was heard in a row: what each part of the way adds to its messages' times. Pure. */
import { between, requestWays, syncWays, type Way } from '../../measure/path-noise.js';
import type { SlaveEvent } from '../../measure/slave-events.js';
import { boundaryLinks } from './boundary-links.js';
import { errorAt, settledErrors } from './clock-error.js';
import type { ClockError, Heard } from './leg.js';
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
  /**
   * Of each link that stands for the row in a simulated one, from the grandmaster on: between boundary clocks
   * their own, else what all switches add is the last one's. Empty where it cannot be told.
   */
  readonly links: readonly WayNoise[];
  /** From a Sync's arrival to the moment at which the client steered by it: how late its process was. */
  readonly steering: readonly NoiseSample[];
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
function steeringDelays({ events, errors }: Heard, startNs: bigint): NoiseSample[] {
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

const sorted = (samples: readonly NoiseSample[]) => [...samples].sort((a, b) => a.atNs - b.atNs);

/** `beginNs`: what samples' times are counted from. @throws RangeError where it was not listened. */
export function rowNoise({ kind, switches }: CompareRow, heard: Heard, beginNs?: bigint): RowNoise {
  const { taps, events } = heard;
  const at = (name: string) => {
    const messages = taps.get(name);
    if (messages === undefined) throw new RangeError(`nobody listened at ${name}`);
    return messages;
  };
  const client = at('client');
  const startNs = beginNs ?? client[0]?.stampNs ?? 0n;
  const samples = (ways: readonly Way[]): NoiseSample[] =>
    sorted(ways.map(({ stampNs, ns }) => ({ atNs: Number(stampNs - startNs), ns })));
  const sent = clientRequests(events, settledErrors(heard.errors));
  const steering = steeringDelays(heard, startNs);
  const whole = syncWays(client);
  const up = fromClient(requestWays(client, 'out'), sent);
  if (switches === 0 || kind === 'bridge') {
    const [firstDown, lastUp] = [samples(whole), samples(up)];
    const links = [{ down: firstDown, up: lastUp }];
    return { firstDown, lastUp, switches: null, links, steering };
  }
  const firstWays = syncWays(at('1-up'));
  // Answers that a switch sends pass its tap unseen; the client's has them.
  const requests = at(`${switches}-down`).filter(({ message }) => message.kind === 'delayReq');
  const answers = client.filter(({ message }) => message.kind === 'delayResp');
  const turned = answers.map((answer) => ({ ...answer, direction: 'out' as const }));
  const beyond = requestWays([...requests, ...turned], 'in');
  const [firstDown, lastUp] = [samples(firstWays), samples(between(up, beyond))];
  if (kind === 'bc') {
    const links = boundaryLinks({ taps, switches, sent }).map((link) => ({
      down: samples(link.down),
      up: samples(link.up),
    }));
    return { firstDown, lastUp, switches: null, links, steering };
  }
  const own = { down: samples(between(whole, firstWays)), up: samples(beyond) };
  const links = [
    { down: firstDown, up: own.up },
    { down: own.down, up: lastUp },
  ];
  return { firstDown, lastUp, switches: own, links, steering };
}
