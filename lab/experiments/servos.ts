/** The gains that chains are compared by: from linuxptp's to ours, at one Sync a second. */
import { gainPeakingDb, narrowGains, type LoopGains } from '../../control-plane/servo/gains.js';

export interface NamedServo {
  readonly name: string;
  readonly gains: LoopGains;
}

/** linuxptp's scales are per second, so at one Sync a second they are the gains. */
export const SERVOS = [
  { name: 'linuxptp, hardware stamps', gains: { kp: 0.7, ki: 0.3 } },
  { name: 'linuxptp, software stamps', gains: { kp: 0.1, ki: 0.001 } },
  { name: 'fast, 0.1 dB', gains: { kp: 0.7, ki: 0.00613 } },
  { name: 'ours', gains: narrowGains(1) },
] as const satisfies readonly NamedServo[];

export type ServoName = (typeof SERVOS)[number]['name'];

/** @throws RangeError for a name that is none of theirs. */
export function servoNamed(name: string): NamedServo {
  const found = SERVOS.find((one) => one.name === name);
  if (found === undefined) throw new RangeError(`no servo ${name}`);
  return found;
}

/** "0.7, 0.3: 3.2 dB". */
export function gainsText(gains: LoopGains): string {
  const short = (value: number) => String(Number(value.toPrecision(3)));
  return `${short(gains.kp)}, ${short(gains.ki)}: ${gainPeakingDb(gains).toPrecision(2)} dB`;
}
