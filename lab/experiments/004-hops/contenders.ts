/** What is compared: what stands between grandmaster and client, and the servo of all clocks. */
import type { Scale } from '../../study/study.js';
import type { Between } from '../../topologies/shapes.js';
import { SERVOS, type ServoName } from '../servos.js';
import { CONDITIONS } from './conditions.js';
import type { Timing } from './row.js';

export interface Contender {
  readonly name: string;
  readonly between: Between;
  readonly servo: ServoName;
}

const LABELS = { boundary: 'BC', transparent: 'TC', switch: 'switches' } as const;

function contender(between: Between, servo: ServoName): Contender {
  return { name: `${LABELS[between]}, ${servo}`, between, servo };
}

export const CONTENDERS: readonly Contender[] = [
  ...SERVOS.flatMap(({ name }) => [contender('boundary', name), contender('transparent', name)]),
  contender('switch', 'ours'),
];

export function contenderNamed(name: string): Contender {
  const found = CONTENDERS.find((one) => one.name === name);
  if (found === undefined) throw new RangeError(`no contender ${name}`);
  return found;
}

/** Two servos are enough where what the path does is asked, not what the loop does. */
const EXTREMES: readonly string[] = ['linuxptp, hardware stamps', 'ours'];
const OF_THE_PATH: readonly string[] = ['loaded', 'asymmetry'];
/** Switches are as good as a wire where nothing is sent, and nothing new behind others. */
const OF_SWITCHES: readonly string[] = ['white', 'loaded'];

/** What is compared under a condition. */
export function contendersUnder(condition: string, scale: Scale['name']): readonly Contender[] {
  const isShort = scale === 'quick' || OF_THE_PATH.includes(condition);
  return CONTENDERS.filter(({ between, servo }) =>
    between === 'switch' ? OF_SWITCHES.includes(condition) : !isShort || EXTREMES.includes(servo),
  );
}

export interface Extent {
  readonly conditions: readonly string[];
  readonly timing: Readonly<Record<Between, Timing>>;
}

const QUICK: Timing = { settleSeconds: 200, seconds: 200 };
const FULL: Timing = { settleSeconds: 600, seconds: 1_200 };

export const EXTENTS: Readonly<Record<Scale['name'], Extent>> = {
  quick: {
    conditions: ['white', 'loaded', 'wander'],
    timing: { boundary: QUICK, transparent: QUICK, switch: QUICK },
  },
  full: {
    conditions: CONDITIONS.map(({ name }) => name),
    // Thirty in a row learn their frequencies one behind the other: after ten minutes the last ones do not know them yet.
    timing: { boundary: { ...FULL, settleSeconds: 1_500 }, transparent: FULL, switch: FULL },
  },
};

const QUEUED: readonly string[] = ['loaded', 'partial'];

/** How many in a row. Queues take long to simulate, so there are fewer of them. */
export function countsUnder(condition: string, scale: Scale['name']): readonly number[] {
  if (scale === 'quick') return [1, 4, 10];
  return QUEUED.includes(condition)
    ? [1, 2, 4, 8, 16, 30]
    : [1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 25, 30];
}
