/**
 * Total deviation: NIST SP 1065, 5.2.11. The record is continued beyond both its ends by its own mirror
 * image, so that every sample but the first and the last is the middle of a second difference at every τ.
 */
import type { Deviation, PhaseRecord } from './phase.js';

/** At τ = m·τ0, m below the number of samples; no unit. Not corrected for bias, see `totalBias`. */
export function totdev({ xNs: x, tau0Ns }: PhaseRecord, m: number): Deviation | null {
  const last = x.length - 1;
  if (last < 2 || m > last) return null;
  const begin = x[0] as number;
  const end = x[last] as number;
  let squares = 0;
  let terms = 0;
  for (let i = 1; i < last; i += 1) {
    const before = i - m < 0 ? 2 * begin - (x[m - i] as number) : (x[i - m] as number);
    const over = i + m - last;
    const after = over > 0 ? 2 * end - (x[last - over] as number) : (x[i + m] as number);
    const step = before - 2 * (x[i] as number) + after;
    if (step === step) {
      squares += step * step;
      terms += 1;
    }
  }
  if (terms === 0) return null;
  return { value: Math.sqrt(squares / terms / 2) / (m * tau0Ns), terms };
}
