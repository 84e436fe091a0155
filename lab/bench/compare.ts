/** Whether two forwarders let out the same frames. */
import type { MixFrame } from './mix.js';

/** Frames in hex, in order, by the port that they left by. */
export type ByPort = ReadonlyMap<number, readonly string[]>;

export function byPort(frames: readonly MixFrame[]): ByPort {
  const out = new Map<number, string[]>();
  for (const { port, octets } of frames) {
    const list = out.get(port) ?? [];
    list.push(Buffer.from(octets).toString('hex'));
    out.set(port, list);
  }
  return out;
}

/** Null where both let out the same frames; otherwise the first difference in words. */
export function difference(ours: ByPort, theirs: ByPort): string | null {
  for (const port of new Set([...ours.keys(), ...theirs.keys()])) {
    const a = ours.get(port) ?? [];
    const b = theirs.get(port) ?? [];
    if (a.length !== b.length) return `port ${port} sent ${a.length} and ${b.length} frames`;
    const at = a.findIndex((octets, index) => octets !== b[index]);
    if (at >= 0) return `frame ${at} of port ${port}: ${a[at] ?? ''} and ${b[at] ?? ''}`;
  }
  return null;
}

/** Blanks what depends on the time spent inside: correctionField and the UDP checksum over it. */
export function withoutCorrection(outputs: ByPort): ByPort {
  const blank = (text: string): string => {
    const ether = (at: number): string => text.slice(2 * at, 2 * at + 4);
    let at = 12;
    while (ether(at) === '8100' || ether(at) === '88a8') at += 4;
    const udp = { '0800': at + 22, '86dd': at + 42 }[ether(at)];
    const message = udp === undefined ? at + 2 : udp + 8;
    const isPtp = ether(at) === '88f7' || (udp !== undefined && ether(udp + 2) === '013f');
    if (!isPtp) return text;
    const cut = (hex: string, from: number, octets: number): string =>
      hex.slice(0, 2 * from) + 'x'.repeat(2 * octets) + hex.slice(2 * (from + octets));
    return udp === undefined
      ? cut(text, message + 8, 8)
      : cut(cut(text, udp + 6, 2), message + 8, 8);
  };
  return new Map([...outputs].map(([port, list]) => [port, list.map(blank)]));
}
