/**
 * What each link between boundary clocks adds to messages' times. Their own time is in every stamp, but it is known
 * how far each is off: its slave port tells when a Sync came in by its own clock, and a tap has the kernel's
 * stamp of the same frame. So stamps are taken back to the true time, and what is left is noise. Pure.
 */
import { monitoredPort } from '../../measure/monitored-port.js';
import { requestStamps, syncWays, type Way } from '../../measure/path-noise.js';
import type { TapMessage } from '../../measure/tap-messages.js';
import { errorAt, settledErrors } from './clock-error.js';
import type { ClockError, Heard } from './leg.js';

export interface LinkWays {
  readonly down: readonly Way[];
  readonly up: readonly Way[];
}

export interface BoundaryRow {
  readonly taps: Heard['taps'];
  readonly switches: number;
  /** The client's Delay_Req by the true time, by sequenceId. */
  readonly sent: ReadonlyMap<number, bigint>;
}

/** A clock is not steered by more from one Sync to the next: it was stepped. */
const STEP_NS = 20_000;

/** What is known of a clock in the row. */
interface KnownClock {
  /** Its time less the true one; null while nobody knows. */
  readonly errorAt: (atNs: bigint) => number | null;
  /** When its Delay_Req left, by the true time. */
  readonly sent: (key: string) => bigint | null;
}

const sequenceOf = (key: string) => Number(key.split('/').at(-1));

function steadyErrorAt(errors: readonly ClockError[], atNs: bigint): number | null {
  const [near, later] = [errorAt(errors, atNs), errorAt(errors, atNs + 100_000_000n)];
  if (near === null) return null;
  return later !== null && Math.abs(later - near) > STEP_NS ? null : near;
}

/** The boundary clock whose slave port is tapped by `below`, and whose link ends at `above`. */
function knownClock(above: readonly TapMessage[], below: readonly TapMessage[]): KnownClock {
  const { syncs, requests } = monitoredPort(above);
  const errors = settledErrors(
    syncWays(below).flatMap(({ key, stampNs }) => {
      const ownNs = syncs.get(key);
      return ownNs === undefined ? [] : [{ atNs: stampNs, errorNs: Number(ownNs - stampNs) }];
    }),
  );
  const errorOf = (atNs: bigint) => steadyErrorAt(errors, atNs);
  return {
    errorAt: errorOf,
    sent: (key) => {
      const ownNs = requests.get(key);
      // It is off by far less than its error takes to change: its own time says where to look.
      const errorNs = ownNs === undefined ? null : errorOf(ownNs);
      if (ownNs === undefined || errorNs === null) return null;
      return ownNs - BigInt(Math.round(errorNs));
    },
  };
}

/** The grandmaster is on the clock that all share. */
const TRUE_CLOCK: KnownClock = { errorAt: () => 0, sent: () => null };

/** From the grandmaster's link to the client's. Empty where a boundary clock told nothing. */
export function boundaryLinks({ taps, switches, sent }: BoundaryRow): LinkWays[] {
  const at = (name: string) => taps.get(name) ?? [];
  const above = (link: number) => at(link === 0 ? 'grandmaster' : `${link}-down`);
  const below = (link: number) => at(link === switches ? 'client' : `${link + 1}-up`);
  const client: KnownClock = {
    errorAt: () => null,
    sent: (key) => sent.get(sequenceOf(key)) ?? null,
  };
  const clocks = [
    TRUE_CLOCK,
    ...Array.from({ length: switches }, (_, link) => knownClock(above(link), below(link))),
    client,
  ];
  const links = Array.from({ length: switches + 1 }, (_, link): LinkWays => {
    const [master, slave] = [clocks[link] ?? TRUE_CLOCK, clocks[link + 1] ?? client];
    return {
      down: syncWays(below(link)).flatMap((way) => {
        const errorNs = master.errorAt(way.stampNs);
        return errorNs === null ? [] : [{ ...way, ns: way.ns + errorNs }];
      }),
      up: requestStamps(above(link)).flatMap(({ key, stampNs }) => {
        const sentNs = slave.sent(key);
        return sentNs === null ? [] : [{ key, stampNs: sentNs, ns: Number(stampNs - sentNs) }];
      }),
    };
  });
  const isKnown = links.every(({ down, up }) => down.length > 0 && up.length > 0);
  return isKnown ? links : [];
}
