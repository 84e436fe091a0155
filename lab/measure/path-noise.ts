/**
 * How long messages took on parts of their way beyond what was corrected, by the kernel's stamps at
 * interfaces: a Sync from the grandmaster's stamp, a Delay_Req to it. What a link or a switch adds to
 * the error of a clock behind it, with its sign, is what these differ by from one interface to the next.
 */
import { portIdentityText } from '#units/clock-identity';
import { nsSinceEpoch, scaledUnits } from '#units/time';
import type { PortIdentity } from '#wire/ptp-header';
import { servedTimes } from './served-time.js';
import type { TapMessage } from './tap-messages.js';

/** One message at one interface. */
export interface Way {
  /** The same at all interfaces that it passes. */
  readonly key: string;
  /** When it passed. */
  readonly stampNs: bigint;
  /** What it took beyond its correction: a Sync until here, a Delay_Req from here. */
  readonly ns: number;
}

const SCALED_PER_NS = 65_536;

/** Of each Sync that came in: from the master's stamp to here, less its correction. */
export function syncWays(messages: readonly TapMessage[]): Way[] {
  return servedTimes(messages).map(({ source, sequenceId, stampNs, errorNs }) => ({
    ...{ key: `${source}/${sequenceId}`, stampNs, ns: -errorNs },
  }));
}

const requestKey = (port: PortIdentity, sequenceId: number) =>
  `${portIdentityText(port)}/${sequenceId}`;

/** Of each Delay_Req that came in: when it did. */
export function requestStamps(messages: readonly TapMessage[]): Omit<Way, 'ns'>[] {
  return messages.flatMap(({ direction, stampNs, message }) => {
    if (direction !== 'in' || message.kind !== 'delayReq') return [];
    const { sourcePortIdentity, sequenceId } = message.header;
    return [{ key: requestKey(sourcePortIdentity, sequenceId), stampNs }];
  });
}

/**
 * Of each Delay_Req that passed: from here to the master's stamp, less its correction. `direction` is that of
 * the request at this interface; the answer passes the other way.
 */
export function requestWays(
  messages: readonly TapMessage[],
  direction: TapMessage['direction'],
): Way[] {
  const open = new Map<string, bigint>();
  const ways: Way[] = [];
  for (const { direction: way, stampNs, message } of messages) {
    const { header } = message;
    if (message.kind === 'delayReq' && way === direction) {
      open.set(requestKey(header.sourcePortIdentity, header.sequenceId), stampNs);
    } else if (message.kind === 'delayResp' && way !== direction) {
      const key = requestKey(message.requestingPortIdentity, header.sequenceId);
      const sentNs = open.get(key);
      open.delete(key);
      if (sentNs === undefined) continue;
      const whole = Number(nsSinceEpoch(message.timestamp) - sentNs);
      const ns = whole - Number(scaledUnits(header.correctionField)) / SCALED_PER_NS;
      ways.push({ key, stampNs: sentNs, ns });
    }
  }
  return ways;
}

/** What the part between two interfaces took: of `whole` less `part`, message by message. */
export function between(whole: readonly Way[], part: readonly Way[]): Way[] {
  const known = new Map(part.map(({ key, ns }) => [key, ns]));
  return whole.flatMap((way) => {
    const ns = known.get(way.key);
    return ns === undefined ? [] : [{ ...way, ns: way.ns - ns }];
  });
}
