/**
 * Which station is behind which port. The switch tells of unknown and moved sources by digest; this
 * table decides what to write. Time is an argument.
 *
 * A known source sends no digests, so its age cannot be seen. A quarter of the aging time after it
 * was last heard, its entry in `source_mac` alone is taken away: if it still talks, its next frame
 * tells of it again, and nothing floods meanwhile, for `destination_mac` stays. What keeps silent
 * for the aging time is removed. So a station goes after three quarters to all of that time.
 */
import { isGroupAddress, macBits, portValue, vlanValue } from '#units/identity';
import { after, isBefore, nanoseconds, nsOf, type Instant, type Nanoseconds } from '#units/time';
import type { Station } from './station-entries.js';

/** What to write for a station. */
export interface MacChange {
  readonly operation: 'insert' | 'modify' | 'delete';
  readonly table: 'source_mac' | 'destination_mac';
  readonly station: Station;
}

export interface MacTableOptions {
  readonly aging: Nanoseconds;
  readonly maxEntries: number;
  /** Whether the station's port is in the station's VLAN; what else a digest says is refused. */
  readonly isMember: (station: Station) => boolean;
}

export interface MacTableCounters {
  learned: number;
  moved: number;
  aged: number;
  /** Stations that were not taken since the table was full. */
  refusedFull: number;
  /** Digests about groups, unknown ports and foreign VLANs. */
  refusedInvalid: number;
  /** Entries that the switch did not take. */
  writeFailed: number;
}

interface Entry {
  station: Station;
  heard: Instant;
  /** Whether `source_mac` has it. */
  inSource: boolean;
}

const PROBES_PER_AGING = 4n;

export class MacTable {
  readonly counters: MacTableCounters = {
    learned: 0,
    moved: 0,
    aged: 0,
    refusedFull: 0,
    refusedInvalid: 0,
    writeFailed: 0,
  };
  readonly #options: MacTableOptions;
  readonly #entries = new Map<bigint, Entry>();

  constructor(options: MacTableOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  get capacity(): number {
    return this.#options.maxEntries;
  }

  stations(): Station[] {
    return [...this.#entries.values()].map(({ station }) => station);
  }

  /** Stations that `source_mac` is to know now. */
  knownSources(): Station[] {
    return [...this.#entries.values()]
      .filter(({ inSource }) => inSource)
      .map(({ station }) => station);
  }

  /** A digest: the station was heard on its port. */
  learn(station: Station, now: Instant): MacChange[] {
    if (isGroupAddress(station.mac) || !this.#options.isMember(station)) {
      this.counters.refusedInvalid += 1;
      return [];
    }
    const key = keyOf(station);
    const entry = this.#entries.get(key);
    if (entry === undefined) return this.#add(key, station, now);
    const moved = portValue(entry.station.port) !== portValue(station.port);
    const wasInSource = entry.inSource;
    entry.station = station;
    entry.heard = now;
    entry.inSource = true;
    if (!moved) return wasInSource ? [] : [change('insert', 'source_mac', station)];
    this.counters.moved += 1;
    return [
      change('modify', 'destination_mac', station),
      change(wasInSource ? 'modify' : 'insert', 'source_mac', station),
    ];
  }

  #add(key: bigint, station: Station, now: Instant): MacChange[] {
    if (this.#entries.size >= this.#options.maxEntries) {
      this.counters.refusedFull += 1;
      return [];
    }
    this.#entries.set(key, { station, heard: now, inSource: true });
    this.counters.learned += 1;
    return [change('insert', 'destination_mac', station), change('insert', 'source_mac', station)];
  }

  /** Takes over what an earlier agent learned. `inSource`: whether `source_mac` has it too. */
  adopt(station: Station, inSource: boolean, now: Instant): boolean {
    if (!this.#options.isMember(station) || this.#entries.size >= this.#options.maxEntries) {
      return false;
    }
    this.#entries.set(keyOf(station), { station, heard: now, inSource });
    return true;
  }

  /** The switch did not take it: forget it, so that the next digest tries again. */
  forget(station: Station): void {
    this.counters.writeFailed += 1;
    this.#entries.delete(keyOf(station));
  }

  /** Removes what was silent for too long, and probes what might be. */
  age(now: Instant): MacChange[] {
    const probe = nanoseconds(nsOf(this.#options.aging) / PROBES_PER_AGING);
    const changes: MacChange[] = [];
    for (const [key, entry] of this.#entries) {
      const { station, heard } = entry;
      if (!isBefore(now, after(heard, this.#options.aging))) {
        this.#entries.delete(key);
        this.counters.aged += 1;
        if (entry.inSource) changes.push(change('delete', 'source_mac', station));
        changes.push(change('delete', 'destination_mac', station));
      } else if (entry.inSource && !isBefore(now, after(heard, probe))) {
        entry.inSource = false;
        changes.push(change('delete', 'source_mac', station));
      }
    }
    return changes;
  }
}

function keyOf(station: Station): bigint {
  return (BigInt(vlanValue(station.vlan)) << 48n) | macBits(station.mac);
}

function change(
  operation: MacChange['operation'],
  table: MacChange['table'],
  station: Station,
): MacChange {
  return { operation, table, station };
}
