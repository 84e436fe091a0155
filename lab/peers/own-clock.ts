/**
 * A program with a system clock of its own, on an oscillator as the embedded switch has it: so that
 * ptp4l, which can steer only the machine's clock where stamps are the kernel's, has something to do.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../lab-error.js';
import { projectRoot } from './helpers.js';

export interface OwnClock {
  /** How far it is ahead of the machine's when the program starts. */
  readonly offsetNs: number;
  readonly ppm: number;
  /** ppb by which the rate changes in a second, as a standard deviation. */
  readonly wanderPpb: number;
  readonly seed: number;
  /** A file that gets a line whenever the program steers its clock. */
  readonly traceFile?: string;
}

/** The same as `timeplane switch --oscillator` takes it. */
export function oscillatorOption({ offsetNs, ppm, wanderPpb, seed }: OwnClock): string {
  return `offset=${offsetNs}ns,ppm=${ppm},wander=${wanderPpb},seed=${seed}`;
}

const rateOffset = (ppb: number) => Math.round((ppb * 2 ** 41) / 1e9);

/** The command line with its clock; unchanged without one. */
export function withOwnClock(
  clock: OwnClock | undefined,
  argv: readonly string[],
): readonly string[] {
  if (clock === undefined) return argv;
  const library = join(projectRoot(), 'build', 'lab', 'own_clock.so');
  if (!existsSync(library)) {
    throw new LabError('precondition', 'own_clock.so is not built', 'npm run build');
  }
  const { offsetNs, ppm, wanderPpb, seed, traceFile } = clock;
  const numbers = [offsetNs, rateOffset(ppm * 1000), rateOffset(wanderPpb), seed];
  const variables = [
    `LD_PRELOAD=${library}`,
    `TIMEPLANE_OWN_CLOCK=${numbers.join(' ')}`,
    ...(traceFile === undefined ? [] : [`TIMEPLANE_OWN_CLOCK_TRACE=${traceFile}`]),
  ];
  return ['env', ...variables, ...argv];
}

/** Of a trace: how far the clock was from the machine's whenever it was steered. */
export function tracedErrors(text: string): { readonly atNs: bigint; readonly errorNs: number }[] {
  return [...text.matchAll(/^(\d+) (-?\d+) -?\d+$/gm)].map(([, system = '0', clock = '0']) => ({
    atNs: BigInt(system),
    errorNs: Number(BigInt(clock) - BigInt(system)),
  }));
}
