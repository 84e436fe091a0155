/** What the checks of others' time say. Everything here is pure; `now` and local times are arguments. */

/** As InstanceEffect has it: `code` is stable, `why` is for people. */
export interface SanityAlarm {
  readonly kind: 'alarm';
  readonly code: 'grandmaster-jump' | 'falseticker' | 'sources-disagree' | 'no-majority';
  readonly raised: boolean;
  readonly why: string;
}

const NS_OF = [
  { unit: 's', ns: 1e9 },
  { unit: 'ms', ns: 1e6 },
  { unit: 'us', ns: 1e3 },
] as const;

/** `1.5 s`, `-20 us`, `7 ns`: for people. */
export function nsText(ns: number): string {
  const scale = NS_OF.find((candidate) => Math.abs(ns) >= candidate.ns);
  if (scale === undefined) return `${Math.round(ns)} ns`;
  return `${Number((ns / scale.ns).toPrecision(4))} ${scale.unit}`;
}
