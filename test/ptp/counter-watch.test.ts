import { describe, expect, it } from 'vitest';
import { CounterWatch, type CounterFinding } from '#ptp/counter-watch';

const SECOND = 1_000_000_000n;
const HOUR = 3_600n * SECOND;
const ROUND = 1n << 48n;

/** A counter and a clock that nobody sets; the counter may be set, and may be off. */
class Machine {
  readonly watch = new CounterWatch();
  #monotonic = 12_345n * SECOND;
  #counter: bigint;
  ppm = 0n;

  constructor(counter: bigint) {
    this.#counter = counter;
  }

  passes(ns: bigint): this {
    this.#monotonic += ns;
    this.#counter += ns + (ns * this.ppm) / 1_000_000n;
    return this;
  }

  sets(counter: bigint): this {
    this.#counter = counter;
    return this;
  }

  jumps(by: bigint): this {
    return this.sets(this.#counter + by);
  }

  /** `before` and `after`: what the reading takes on either side of the counter. */
  reads({ before = 40_000n, after = 60_000n } = {}): CounterFinding {
    return this.watch.take({
      counterNs: BigInt.asUintN(48, this.#counter),
      beforeNs: this.#monotonic - before,
      afterNs: this.#monotonic + after,
    });
  }
}

function kinds(findings: readonly CounterFinding[]): string[] {
  return findings.map(({ kind }) => kind);
}

describe('a counter that runs on', () => {
  it('is steady, as far off as oscillators are', () => {
    for (const ppm of [0n, 900n, -900n]) {
      const machine = new Machine(5n * SECOND);
      machine.ppm = ppm;
      const findings = [machine.reads()];
      for (let n = 0; n < 100; n += 1) findings.push(machine.passes(SECOND).reads());
      expect(kinds(findings)).toEqual(['first', ...Array.from({ length: 100 }, () => 'steady')]);
    }
  });

  it('wraps at 48 bits, which is no jump', () => {
    const machine = new Machine(ROUND - SECOND / 2n);
    machine.reads();
    expect(machine.passes(SECOND).reads()).toEqual({ kind: 'wrapped' });
    expect(machine.passes(SECOND).reads()).toEqual({ kind: 'steady' });
    expect(machine.watch.wraps).toBe(1);
  });

  it('may have more bits than count', () => {
    const { watch } = new Machine(0n);
    const reading = (counterNs: bigint, atNs: bigint) =>
      watch.take({ counterNs, beforeNs: atNs, afterNs: atNs });
    reading(9n * ROUND + SECOND, 0n);
    expect(reading(9n * ROUND + 2n * SECOND, SECOND)).toEqual({ kind: 'steady' });
    expect(reading(10n * ROUND + 2n * SECOND, SECOND + ROUND)).toEqual({ kind: 'wrapped' });
  });

  it('wraps unseen while nobody looks for a week', () => {
    const machine = new Machine(7n * HOUR);
    machine.reads();
    expect(machine.passes(7n * 24n * HOUR).reads()).toEqual({ kind: 'wrapped' });
    expect(machine.watch.wraps).toBe(2);
  });

  it('is not suspected for a reading that was held up', () => {
    const machine = new Machine(5n * SECOND);
    machine.reads();
    machine.passes(SECOND);
    expect(machine.reads({ before: 80_000_000n, after: 10_000n })).toEqual({ kind: 'steady' });
    machine.passes(SECOND);
    expect(machine.reads({ before: 300_000_000n })).toEqual({ kind: 'unclear' });
    expect(machine.passes(SECOND).reads()).toEqual({ kind: 'steady' });
  });
});

describe('a counter that does not', () => {
  it('was restarted', () => {
    const machine = new Machine(40n * HOUR);
    machine.reads();
    const found = machine.passes(SECOND).sets(300_000_000n).reads();
    expect(found).toMatchObject({
      kind: 'restarted',
      why: 'the counter of the switch counts from anew, since 0.3 s',
    });
    expect(machine.passes(SECOND).reads()).toEqual({ kind: 'steady' });
  });

  it('wrapped just when it might have been restarted', () => {
    const machine = new Machine(ROUND - SECOND);
    machine.reads();
    expect(machine.passes(2n * SECOND).reads()).toEqual({ kind: 'wrapped' });
  });

  it.each([50n * SECOND, -50n * SECOND, 20_000_000n, -20_000_000n, 37n * SECOND])(
    'jumped by %d ns: somebody set its clock',
    (by) => {
      const machine = new Machine(20n * HOUR);
      machine.reads();
      const found = machine.passes(SECOND).jumps(by).reads();
      expect(found).toMatchObject({ kind: 'jumped', offByNs: by });
      expect(machine.passes(SECOND).reads()).toEqual({ kind: 'steady' });
    },
  );

  it('is another one after a reset, whatever it says', () => {
    const machine = new Machine(20n * HOUR);
    machine.reads();
    machine.watch.reset();
    expect(machine.jumps(HOUR).reads()).toEqual({ kind: 'first' });
  });
});
