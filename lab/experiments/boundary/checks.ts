/** What is expected of a network of clocks, in words, and whether it is so. */
import { clockIdentityText } from '#units/clock-identity';
import { readBoundaryStatus, type BoundaryStatus } from '../../peers/boundary-status.js';
import type { ServedTime } from '../../measure/served-time.js';
import { pause } from '../run.js';
import type { ClientLog } from './client-log.js';
import { SETTLED_NS, type Observer } from './observer.js';
import type { Stage } from './stage.js';

export interface Check {
  readonly what: string;
  readonly ok: boolean;
  /** What there was instead, or how much. */
  readonly saw: string;
}

/** A busy machine stamps a frame late by this now and then. */
const STRAY_NS = 100_000;
/** Of all Syncs so many may be strays. */
const STRAY_PART = 0.02;
const PATIENCE_MS = 15_000;
const TICK_MS = 200;

export class Checks {
  readonly #stage: Stage;
  readonly #done: Check[] = [];

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  get all(): readonly Check[] {
    return this.#done;
  }

  add(what: string, ok: boolean, saw: string): void {
    this.#done.push({ what, ok, saw });
  }

  /** States of a clock's ports, the first one's first; null: whatever. Waits for them for a while. */
  async states(name: string, expected: readonly (string | null)[]): Promise<void> {
    const isSo = (status: BoundaryStatus) =>
      expected.every((state, index) => state === null || status.ports[index]?.state === state);
    const status = await this.#read(name, isSo);
    const saw = status?.ports.map(({ port, state, why }) => `${port}: ${state} (${why})`);
    this.add(
      `ports of ${name} are ${expected.map((state) => state ?? 'whatever').join(', ')}`,
      status !== null && isSo(status),
      saw?.join('; ') ?? 'no status',
    );
  }

  /** Its parent is a port of this clock, so many steps from the grandmaster; and it is locked. */
  async parent(name: string, parent: string, stepsRemoved: number): Promise<void> {
    const identity = clockIdentityText(this.#stage.graph.node(parent).clockIdentity);
    const isSo = ({ parentDS, currentDS, servo }: BoundaryStatus) =>
      parentDS.parentPortIdentity.startsWith(`${identity}-`) &&
      currentDS.stepsRemoved === stepsRemoved &&
      servo.state.toLowerCase() === 'locked';
    const status = await this.#read(name, isSo);
    this.add(
      `${name} is locked to ${parent}, ${stepsRemoved} steps from the grandmaster`,
      status !== null && isSo(status),
      status === null
        ? 'no status'
        : `${status.parentDS.parentPortIdentity}, ${status.currentDS.stepsRemoved} steps, ` +
            `${status.servo.state} (${status.servo.why})`,
    );
  }

  /** What it announces on one of its ports. */
  announced(
    name: string,
    observer: Observer,
    expected: {
      readonly grandmaster: string;
      readonly stepsRemoved: number;
      readonly port: number;
    },
  ): void {
    const { graph } = this.#stage;
    const last = observer.announces().at(-1);
    const source = `${clockIdentityText(graph.node(name).clockIdentity)}-${expected.port}`;
    const isSo =
      last?.announce.grandmasterIdentity === graph.node(expected.grandmaster).clockIdentity &&
      last.announce.stepsRemoved === expected.stepsRemoved &&
      last.source === source;
    this.add(
      `${name} announces ${expected.grandmaster}, ${expected.stepsRemoved} steps away, as ${source}`,
      isSo,
      last === undefined
        ? 'no Announce'
        : `${clockIdentityText(last.announce.grandmasterIdentity)}, ` +
            `${last.announce.stepsRemoved} steps, as ${last.source}`,
    );
  }

  /** Time served near the true one, without a step. */
  steady(name: string, served: readonly ServedTime[]): void {
    const errors = served.map(({ errorNs }) => Math.abs(errorNs)).sort((x, y) => x - y);
    const allowed = errors[Math.floor(errors.length * (1 - STRAY_PART)) - 1] ?? Infinity;
    const worst = errors.at(-1) ?? Infinity;
    this.add(
      `${name} serves the true time to ${SETTLED_NS / 1000} µs and never steps`,
      allowed < SETTLED_NS && worst < STRAY_NS,
      `${errors.length} Syncs, 98 of 100 within ${Math.round(allowed)} ns, worst ${Math.round(worst)} ns`,
    );
  }

  /**
   * Offsets are in the row's order: what a clock serves is no further from what the one before it
   * serves than its own error bound, in the median. `before` and `served`: on links of one kind.
   */
  async follows(
    name: string,
    before: readonly ServedTime[],
    served: readonly ServedTime[],
  ): Promise<void> {
    const status = await this.#read(name, ({ servo }) => servo.errorBoundNs !== null);
    const boundNs = status?.servo.errorBoundNs ?? null;
    const offNs = Math.abs(medianError(served) - medianError(before));
    this.add(
      `${name} is no further from the clock before it than its own error bound`,
      boundNs !== null && offNs < boundNs,
      `${Math.round(offNs)} ns in the median, bound ${boundNs === null ? 'none' : `${Math.round(boundNs)} ns`}`,
    );
  }

  client(name: string, log: ClientLog): void {
    const { state, offsetNs } = log;
    this.add(
      `${name} is SLAVE, and thinks that it is less than ${SETTLED_NS / 1000} µs off`,
      state === 'SLAVE' && offsetNs !== null && Math.abs(offsetNs) < SETTLED_NS,
      `${state}, ${offsetNs ?? 'no'} ns`,
    );
  }

  async #read(
    name: string,
    isSo: (status: BoundaryStatus) => boolean,
  ): Promise<BoundaryStatus | null> {
    const { graph, watch } = this.#stage;
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const status = await readBoundaryStatus(graph.node(name).namespace);
      if ((status !== null && isSo(status)) || performance.now() > end) return status;
      await pause(TICK_MS, watch.signal);
    }
  }
}

/** NaN without any: nothing is less than that. */
function medianError(served: readonly ServedTime[]): number {
  const errors = served.map(({ errorNs }) => errorNs).sort((x, y) => x - y);
  return errors[Math.floor(errors.length / 2)] ?? Number.NaN;
}
