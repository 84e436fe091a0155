/**
 * Deviations from second and third differences of phase: NIST SP 1065, 5.2.1 to 5.2.6. A difference with
 * a missing sample in it is left out of the mean.
 */
import type { Deviation, PhaseRecord } from './phase.js';

interface Sum {
  readonly squares: number;
  readonly terms: number;
}

function secondDifferences(x: Float64Array, m: number, stride: number): Sum {
  let squares = 0;
  let terms = 0;
  for (let i = 0; i + 2 * m < x.length; i += stride) {
    const step = (x[i + 2 * m] as number) - 2 * (x[i + m] as number) + (x[i] as number);
    // Not a number where one of the three is missing.
    if (step === step) {
      squares += step * step;
      terms += 1;
    }
  }
  return { squares, terms };
}

function thirdDifferences(x: Float64Array, m: number, stride: number): Sum {
  let squares = 0;
  let terms = 0;
  for (let i = 0; i + 3 * m < x.length; i += stride) {
    const inner = (x[i + 2 * m] as number) - (x[i + m] as number);
    const step = (x[i + 3 * m] as number) - 3 * inner - (x[i] as number);
    if (step === step) {
      squares += step * step;
      terms += 1;
    }
  }
  return { squares, terms };
}

function root({ squares, terms }: Sum, divisor: number): Deviation | null {
  return terms === 0 ? null : { value: Math.sqrt(squares / (divisor * terms)), terms };
}

/** Allan deviation at τ = m·τ0, without overlap; no unit. Null where the record is too short. */
export function adev({ xNs, tau0Ns }: PhaseRecord, m: number): Deviation | null {
  return root(secondDifferences(xNs, m, m), 2 * (m * tau0Ns) ** 2);
}

/** Overlapping Allan deviation; no unit. */
export function oadev({ xNs, tau0Ns }: PhaseRecord, m: number): Deviation | null {
  return root(secondDifferences(xNs, m, 1), 2 * (m * tau0Ns) ** 2);
}

/** Hadamard deviation without overlap, blind to linear frequency drift; no unit. */
export function hdev({ xNs, tau0Ns }: PhaseRecord, m: number): Deviation | null {
  return root(thirdDifferences(xNs, m, m), 6 * (m * tau0Ns) ** 2);
}

/** Overlapping Hadamard deviation; no unit. */
export function ohdev({ xNs, tau0Ns }: PhaseRecord, m: number): Deviation | null {
  return root(thirdDifferences(xNs, m, 1), 6 * (m * tau0Ns) ** 2);
}
