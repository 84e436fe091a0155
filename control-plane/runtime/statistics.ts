/**
 * The switch's counters, read when somebody asks: between two questions the agent is no load on the
 * switch. Histograms are read again only when something was corrected since.
 */
import {
  collectCells,
  portCounters,
  residenceCounts,
  switchDrops,
  wantedCells,
  wantedResidence,
  type DropCounters,
  type PortCounters,
} from '#dataplane/counters';
import { summariseResidence, type ResidenceSummary } from '#dataplane/residence';
import type { Entity } from '#p4rt/entities';
import type { P4InfoIndex } from '#p4rt/p4info';
import { failure, success, type Result } from '#units/result';
import { elapsed, milliseconds, nsOf, type Instant } from '#units/time';

export interface Statistics {
  /** By slot. */
  readonly ports: readonly {
    readonly counters: PortCounters;
    readonly residence: ResidenceSummary;
  }[];
  /** Of the whole switch. */
  readonly drops: DropCounters;
}

type ReadCells = (entities: Entity[]) => Promise<Result<Entity[]>>;

/** Several questions at once are one reading. */
const FRESH_NS = nsOf(milliseconds(200));

export class StatisticsReader {
  readonly #index: P4InfoIndex;
  readonly #slots: readonly number[];
  readonly #read: ReadCells;
  readonly #now: () => Instant;
  #latest: { at: Instant; result: Promise<Result<Statistics>> } | null = null;
  /** By slot: how many corrections the summary was made of. */
  readonly #residences = new Map<number, { corrected: number; summary: ResidenceSummary }>();

  constructor(index: P4InfoIndex, slots: number, read: ReadCells, now: () => Instant) {
    this.#index = index;
    this.#slots = Array.from({ length: slots }, (_, slot) => slot);
    this.#read = read;
    this.#now = now;
  }

  /** The switch has other counters now: a restart, a new pipeline. */
  forget(): void {
    this.#latest = null;
    this.#residences.clear();
  }

  /** The counters, at most 200 ms old. */
  current(): Promise<Result<Statistics>> {
    const now = this.#now();
    if (this.#latest !== null && nsOf(elapsed(this.#latest.at, now)) < FRESH_NS) {
      return this.#latest.result;
    }
    const result = this.#readAll();
    this.#latest = { at: now, result };
    return result;
  }

  async #readAll(): Promise<Result<Statistics>> {
    const wanted = wantedCells(this.#index, this.#slots);
    if (!wanted.ok) return failure(wanted.error.code, wanted.error.message);
    const read = await this.#read(wanted.value);
    if (!read.ok) return read;
    const cells = collectCells(this.#index, read.value);
    const ports = [];
    for (const slot of this.#slots) {
      const counters = portCounters(cells, slot);
      const residence = await this.#residence(slot, counters);
      if (!residence.ok) return residence;
      ports.push({ counters, residence: residence.value });
    }
    return success({ ports, drops: switchDrops(cells, this.#slots) });
  }

  async #residence(slot: number, counters: PortCounters): Promise<Result<ResidenceSummary>> {
    const corrected = Object.values(counters.messages).reduce((sum, n) => sum + n.corrected, 0);
    const known = this.#residences.get(slot);
    if (known?.corrected === corrected) return success(known.summary);
    const wanted = wantedResidence(this.#index, slot);
    if (!wanted.ok) return failure(wanted.error.code, wanted.error.message);
    const read = await this.#read(wanted.value);
    if (!read.ok) return read;
    const cells = collectCells(this.#index, read.value);
    const summary = summariseResidence(residenceCounts(cells, slot));
    this.#residences.set(slot, { corrected, summary });
    return success(summary);
  }
}
