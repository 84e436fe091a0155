/** docs/servo.md: what the servos do, in the words of the code and the figures of the simulation. */
import { gainPeakingDb, narrowGains } from '../../control-plane/servo/gains.js';
import type { ServoName } from '../../control-plane/servo/servo.js';
import { chainNoise } from './chain-noise.js';
import { rms, Simulation } from './simulation.js';

const SERVOS: readonly ServoName[] = ['pi', 'linear-regression', 'kalman'];
const PER_SECOND = [1, 8, 16, 64];
const HOPS = 20;
const NOISE_NS = 100;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, i) =>
    Math.max(cell.length, ...rows.map((row) => (row[i] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

function gainsTable(): string {
  const rows = PER_SECOND.map((perSecond) => {
    const gains = narrowGains(1 / perSecond);
    return [
      String(perSecond),
      gains.kp.toPrecision(3),
      gains.ki.toPrecision(3),
      `${gainPeakingDb(gains).toFixed(3)} dB`,
      `${chainNoise(gains, 1).toFixed(2)} σ`,
      `${chainNoise(gains, HOPS).toFixed(2)} σ`,
      `${(Math.sqrt(HOPS) * chainNoise(gains, 1)).toFixed(2)} σ`,
    ];
  });
  const head = ['Sync/s', 'kp', 'ki', 'peak', 'one clock', 'the 20th', '20 transparent and one'];
  return table(head, rows);
}

interface Figures {
  readonly settledSeconds: number;
  readonly lockedSeconds: number;
  readonly rmsNs: number;
}

/** From 100 ppm and 37 s off; on an oscillator that wanders. */
export function acquisition(servo: ServoName, perSecond: number): Figures {
  const simulation = new Simulation({
    seed: 20_261_122,
    intervalSeconds: 1 / perSecond,
    oscillatorPpm: 100,
    wanderPpb: 0.1,
    noiseNs: NOISE_NS,
    initialOffsetNs: 37_000_000_000,
    options: { servo },
  });
  const ticks = simulation.run(400);
  const locked = ticks.find(({ verdict }) => verdict?.change?.to === 'LOCKED');
  return {
    settledSeconds: ticks.findLast(({ errorNs }) => Math.abs(errorNs) > 1_000)?.seconds ?? 0,
    lockedSeconds: locked?.seconds ?? NaN,
    rmsNs: rms(ticks.slice(ticks.length / 2).map(({ errorNs }) => errorNs)),
  };
}

function acquisitionTable(): string {
  const rows = SERVOS.flatMap((servo) =>
    PER_SECOND.map((perSecond) => {
      const { settledSeconds, lockedSeconds, rmsNs } = acquisition(servo, perSecond);
      return [
        servo,
        String(perSecond),
        `${settledSeconds.toFixed(2)} s`,
        `${lockedSeconds.toFixed(2)} s`,
        `${rmsNs.toFixed(0)} ns`,
      ];
    }),
  );
  return table(['servo', 'Sync/s', 'within 1 µs', 'LOCKED', 'error later, rms'], rows);
}

export function servoDocument(): string {
  return `# The servo

Printed by a test from \`control-plane/servo\` and its simulation; do not edit.

## What it decides

| state       | means                                                                      |
| ----------- | -------------------------------------------------------------------------- |
| \`FREE_RUN\`  | no master was followed since the counter began, or none long enough        |
| \`ACQUIRING\` | offsets come in; gains are wide                                            |
| \`LOCKED\`    | 8 offsets in a row, over a second at least, within \`lockThresholdNs\`;      |
|             | 4 where the frequency is known from before                                 |
| \`HOLDOVER\`  | no master any more; the learned rate, with its drift where that is certain |

- The first step is decided on by the first two samples: if the offset is beyond
  \`firstStepThresholdNs\`. Until the clock is right for the first time, which is \`LOCKED\` to a master that does not
  say that it is not right itself (\`synchronizationUncertain\`), it is decided on again whenever another master is
  followed or the master's time moves by more than \`jumpLimitNs\`: where all clocks of a network are started at once, each
  follows one that is wrong itself and then steps. What would be slewed in a second anyway is not stepped again.
  Below a master that never stops saying so, whatever its time does is followed without an alarm.
- Later steps: by three in a row beyond \`stepThresholdNs\` (0: never). Once our time is served it is never stepped back:
  it is slewed, or withdrawn first.
- While \`LOCKED\`, an offset further from the median of the last 32 than four robust deviations is not
  used. Eight of them that agree are where the master is now.
- A clock that was \`LOCKED\` does not use offsets whose delay is not known yet.
- Offsets that lie to one side by more than noise (16 of them) mean that the oscillator changed: gains are
  wide again for a moment.
- No sample that can be used for ten intervals (two seconds at least): \`HOLDOVER\`.
- The error bound is told with its assumptions. That a path takes longer in one direction than in the
  other cannot be seen, and is told beside it: at most the mean delay, since no delay is negative.

## Gains

All servos begin with the gains of the least-squares line through all samples so far; two give the
frequency. Ten seconds after lock they become narrow: 0.1 Hz at most, and the largest ki with which the
gain peaks by no more than 0.1 dB, as ITU-T G.8273.2 has it for a clock in a chain.

\`pi\` keeps these gains. \`linear-regression\` takes the frequency from a long window instead.
\`kalman\` learns how noisy stamps and oscillator are, and becomes narrower than that where it pays.

White noise of σ at each hop, one servo in each clock; beside them transparent clocks before one servo:

${gainsTable()}

## How fast, how well

A counter 100 ppm off, its rate wandering by 0.1 ppb in a second, stamps with ${NOISE_NS} ns of noise:

${acquisitionTable()}
`;
}
