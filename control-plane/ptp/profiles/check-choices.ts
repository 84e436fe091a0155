/** Choices held against a profile; what is wrong is collected, and the initial value stands in for it. */
import { STANDARD_TRANSPORT } from './addresses.js';
import type { GroupAddresses, Profile, Range, Transport } from './profile.js';
import type { ProfileError, ProfileErrorCode } from './profile-choices.js';

type Path = readonly (string | number)[];

/** What the data sets and the wire hold at all, as far as a profile does not say less (8.2, 13.3). */
const BOUNDS = {
  number: { low: 1, high: 65_534 },
  domainNumber: { low: 0, high: 255 },
  priority1: { low: 0, high: 255 },
  priority2: { low: 0, high: 255 },
  localPriority: { low: 1, high: 255 },
  maxStepsRemoved: { low: 1, high: 255 },
  maxForeignMasters: { low: 5, high: 1024 },
  /** Shorter than 1/128 s no agent keeps up with; longer than 2^7 s nobody waits for. */
  logAnnounceInterval: { low: -7, high: 7 },
  logSyncInterval: { low: -7, high: 7 },
  logMinDelayReqInterval: { low: -7, high: 7 },
  logMinPdelayReqInterval: { low: -7, high: 7 },
  announceReceiptTimeout: { low: 2, high: 255 },
  syncReceiptTimeout: { low: 0, high: 255 },
  unicastDurationSeconds: { low: 1, high: 86_400 },
  unicastQueryIntervalSeconds: { low: 1, high: 3_600 },
} as const satisfies Record<string, { readonly low: number; readonly high: number }>;

export type BoundedName = keyof typeof BOUNDS;

export class Problems {
  readonly found: ProfileError[];
  readonly outsideProfile: boolean;
  readonly #profile: Profile;
  readonly #at: Path;

  constructor(
    profile: Profile,
    outsideProfile: boolean,
    at: Path = ['instance'],
    found: ProfileError[] = [],
  ) {
    this.#profile = profile;
    this.outsideProfile = outsideProfile;
    this.#at = at;
    this.found = found;
  }

  /** The same collection, for what one port chose. */
  ofPort(number: number, profile: Profile): Problems {
    return new Problems(profile, this.outsideProfile, ['ports', number], this.found);
  }

  add(code: ProfileErrorCode, path: Path, message: string): void {
    this.found.push({ code, path, message });
  }

  /** An integer within what there is at all. */
  bounded(name: BoundedName, value: number): number {
    const { low, high } = BOUNDS[name];
    if (Number.isInteger(value) && value >= low && value <= high) return value;
    this.#wrong('bad-value', name, `${name} ${value} is not a whole number from ${low} to ${high}`);
    return low;
  }

  /** The initial value, or another that the profile allows. */
  ranged(name: BoundedName, wanted: number | undefined, range: Range): number {
    if (wanted === undefined) return range.initial;
    const before = this.found.length;
    this.bounded(name, wanted);
    if (this.found.length > before) return range.initial;
    if (this.outsideProfile || isInRange(wanted, range)) return wanted;
    this.#outside(name, `${name} ${wanted}`, rangeText(range));
    return range.initial;
  }

  /** The first, or another of the profile's. */
  chosen<T extends string>(name: string, wanted: T | undefined, choices: readonly T[]): T {
    const initial = choices[0];
    if (initial === undefined) throw new RangeError(`the profile has no ${name}`);
    if (wanted === undefined) return initial;
    if (this.outsideProfile || choices.includes(wanted)) return wanted;
    this.#wrong(
      'not-in-profile',
      name,
      `${this.#profile.title} has no ${name} '${wanted}'; it has: ${choices.join(', ')}`,
    );
    return initial;
  }

  /** What the profile fixes. */
  same<T extends string | number>(name: string, wanted: T | undefined, fixed: T): T {
    if (wanted === undefined || wanted === fixed) return fixed;
    if (this.outsideProfile) return wanted;
    this.#outside(name, `${name} ${wanted}`, `${fixed} alone`);
    return fixed;
  }

  /** One that the profile's grandmasters have, or its clocks without a time source. */
  clockClass(wanted: number): number {
    const { clockClassLadder, grandmasterClasses } = this.#profile;
    const known = [clockClassLadder.freeRun, ...grandmasterClasses.map((each) => each.clockClass)];
    const isWire = Number.isInteger(wanted) && wanted >= 0 && wanted <= 255;
    if (known.includes(wanted) || (this.outsideProfile && isWire)) return wanted;
    if (!isWire) this.#wrong('bad-value', 'clockClass', `clockClass ${wanted} is not 0 to 255`);
    else this.#outside('clockClass', `clockClass ${wanted}`, [...new Set(known)].join(', '));
    return clockClassLadder.freeRun;
  }

  group(transport: Transport, wanted: string | undefined): GroupAddresses {
    const rule =
      this.#profile.transports.find((candidate) => candidate.transport === transport) ??
      STANDARD_TRANSPORT[transport];
    if (wanted === undefined) return rule.groups[0];
    const group = rule.groups.find(({ general }) => general === wanted.toLowerCase());
    if (group !== undefined) return group;
    const known = rule.groups.map(({ general }) => general).join(', ');
    const message = `${this.#profile.title} has no group ${wanted} on ${transport}; it has: ${known}`;
    this.#wrong('not-in-profile', 'group', message);
    return rule.groups[0];
  }

  unicastDuration(wanted: number | undefined): number {
    const { unicast } = this.#profile;
    if (unicast !== null) {
      return this.ranged('unicastDurationSeconds', wanted, unicast.durationSeconds);
    }
    if (wanted !== undefined && !this.outsideProfile) {
      const message = `${this.#profile.title} has no unicast negotiation`;
      this.#wrong('not-in-profile', 'unicastDurationSeconds', message);
    }
    return wanted ?? 0;
  }

  #outside(name: string, what: string, allowed: string): void {
    this.#wrong('outside-profile', name, `${what}: ${this.#profile.title} allows ${allowed}`);
  }

  #wrong(code: ProfileErrorCode, name: string, message: string): void {
    this.add(code, [...this.#at, name], message);
  }
}

export function isInRange(value: number, range: Range): boolean {
  return (value >= range.low && value <= range.high) || (range.also?.includes(value) ?? false);
}

/** `0 to 127, 254`, or `128 alone`. */
export function rangeText({ low, high, also = [] }: Range): string {
  if (low === high && also.length === 0) return `${low} alone`;
  return [low === high ? `${low}` : `${low} to ${high}`, ...also].join(', ');
}
