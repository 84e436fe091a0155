/** The command line of `npm run bench`. */
import { parseArgs } from 'node:util';

export interface BenchOptions {
  readonly json: string | null;
  readonly quick: boolean;
  /** Only benchmarks whose name contains this. */
  readonly only: string;
  /** Only those that have a target, and the table of targets. */
  readonly targets: boolean;
}

export const USAGE = `usage: npm run bench -- [--json FILE] [--quick] [--only TEXT] [--targets]

  --json FILE   write the results as JSON; with --targets, what FILE has of other benchmarks stays
  --quick       fewer and shorter rounds: a look, not a measurement
  --only TEXT   only benchmarks whose name contains TEXT
  --targets     only benchmarks that have a target, and the table of targets
`;

export type OptionsResult =
  | { readonly ok: true; readonly value: BenchOptions }
  | { readonly ok: false; readonly message: string; readonly isHelp: boolean };

export function parseOptions(args: readonly string[]): OptionsResult {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        json: { type: 'string' },
        quick: { type: 'boolean', default: false },
        only: { type: 'string', default: '' },
        targets: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return { ok: false, message: USAGE, isHelp: true };
    return {
      ok: true,
      value: {
        json: values.json ?? null,
        quick: values.quick,
        only: values.only,
        targets: values.targets,
      },
    };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, message: `${message}\n${USAGE}`, isHelp: false };
  }
}
