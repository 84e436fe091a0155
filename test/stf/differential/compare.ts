/** Two sequences of frames, side by side. */

export interface Divergence {
  readonly port: number;
  /** What one side sent and the other did not, in hexadecimal; null: nothing in its place. */
  readonly ours: string | null;
  readonly theirs: string | null;
  /** The packet that ours came of, or the one before. */
  readonly packet: string;
}

/** A frame and the packet that it came of. */
export interface Sent {
  readonly frame: string;
  readonly packet: string;
  readonly index: number;
}

/** How far ahead the two are looked for in each other. */
const WINDOW = 40;
/** So many in a row are no coincidence. */
const RUN = 2;

function meet(ours: readonly Sent[], i: number, theirs: readonly string[], j: number) {
  const agrees = (a: number, b: number): boolean => {
    for (let k = 0; k < RUN; k += 1) {
      if (ours[a + k]?.frame !== theirs[b + k]) return false;
    }
    return true;
  };
  for (let sum = 1; sum <= 2 * WINDOW; sum += 1) {
    for (let a = 0; a <= sum; a += 1) {
      if (agrees(i + a, j + sum - a)) return { a, b: sum - a };
    }
  }
  return { a: 1, b: 1 };
}

/** Where the two sequences differ, with what is the same on either side of it. */
export function divergences(
  port: number,
  ours: readonly Sent[],
  theirs: readonly string[],
): Divergence[] {
  const found: Divergence[] = [];
  let [i, j] = [0, 0];
  while (i < ours.length || j < theirs.length) {
    if (i < ours.length && ours[i]?.frame === theirs[j]) {
      i += 1;
      j += 1;
      continue;
    }
    const { a, b } = meet(ours, i, theirs, j);
    for (let k = 0; k < Math.max(a, b); k += 1) {
      const mine = k < a ? ours[i + k] : undefined;
      const their = k < b ? theirs[j + k] : undefined;
      if (mine === undefined && their === undefined) continue;
      const packet = mine?.packet ?? ours[Math.max(i - 1, 0)]?.packet ?? '';
      found.push({ port, ours: mine?.frame ?? null, theirs: their ?? null, packet });
    }
    i += a;
    j += b;
  }
  return found;
}

/**
 * Without frames that both sent, by the same port, at another place: what recirculates takes its time in
 * simple_switch, and the next packets do not wait for it. And how many these are.
 */
export function withoutOvertaken(found: readonly Divergence[]): {
  readonly left: readonly Divergence[];
  readonly overtaken: number;
} {
  const left: Divergence[] = found.flatMap(({ port, ours, theirs, packet }) => [
    ...(ours === null ? [] : [{ port, ours, theirs: null, packet }]),
    ...(theirs === null ? [] : [{ port, ours: null, theirs, packet }]),
  ]);
  let overtaken = 0;
  for (const one of left.filter(({ ours }) => ours !== null)) {
    const other = left.findIndex(({ port, theirs }) => port === one.port && theirs === one.ours);
    if (other >= 0) {
      left.splice(other, 1);
      left.splice(left.indexOf(one), 1);
      overtaken += 1;
    }
  }
  return { left, overtaken };
}
