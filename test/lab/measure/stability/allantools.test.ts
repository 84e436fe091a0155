/** Every deviation at every octave against allantools, where Python has it. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { allantoolsTrouble } from '#lab/bench/stability';
import { phaseFromFrequency, type PhaseRecord } from '#lab/measure/stability/phase';
import { METRICS, stabilityTable } from '#lab/measure/stability/table';
import { randomStream } from '#lab/sim/random';

const SCRIPT = `
import json, sys
import numpy, allantools
phase = numpy.array(json.load(sys.stdin))
taus = [float(2 ** k) for k in range(int(numpy.log2(len(phase))))]
found = {}
for name in ["adev", "oadev", "mdev", "tdev", "hdev", "ohdev", "totdev", "mtie"]:
    used, values, _, counts = getattr(allantools, name)(phase, rate=1.0, data_type="phase", taus=taus)
    found[name] = [[float(t), float(v), int(n)] for t, v, n in zip(used, values, counts)]
print(json.dumps(found))
`;

type Theirs = Record<string, readonly (readonly [tau: number, value: number, count: number])[]>;

function theirs(record: PhaseRecord): Theirs {
  const python = process.env['TIMEPLANE_PYTHON'] ?? 'python3';
  const input = JSON.stringify([...record.xNs]);
  const { stdout } = spawnSync(python, ['-c', SCRIPT], { input, encoding: 'utf8' });
  return JSON.parse(stdout) as Theirs;
}

const SEED = 2003;

/** Frequency noise: white, and a random walk beside it. */
function record(walk: number): PhaseRecord {
  const random = randomStream(SEED, `walk ${walk}`);
  let frequency = 0;
  const y = Array.from({ length: 1_500 }, () => {
    frequency += walk * random.normal();
    return random.normal() + frequency;
  });
  return phaseFromFrequency(y, 1);
}

describe.skipIf(allantoolsTrouble() !== null)('allantools', () => {
  it.each([0, 0.1, 5])(`finds the same at every τ (seed ${SEED}, walk %f)`, (walk) => {
    const phase = record(walk);
    const ours = stabilityTable(phase, { metrics: METRICS, confidence: 0.95 });
    const other = theirs(phase);
    for (const metric of METRICS) {
      // It leaves out what is of one difference alone.
      expect(other[metric]?.length).toBeGreaterThan(6);
      for (const [tau, value, count] of other[metric] ?? []) {
        const point = ours[metric]?.find(({ m }) => m === tau);
        expect(point?.terms, `${metric} at ${tau}`).toBe(count);
        expect((point?.value ?? 0) / value, `${metric} at ${tau}`).toBeCloseTo(1, 9);
      }
    }
  });
});
