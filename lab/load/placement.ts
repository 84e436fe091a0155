/** Which processors the switch's packet loop and everything else of an experiment run on. */
import { readFileSync } from 'node:fs';
import { LabError } from '../lab-error.js';
import { tryCommand } from '../namespaces/commands.js';

export const PRIORITIES = ['realtime', 'normal'] as const;
export type Priority = (typeof PRIORITIES)[number];

export const PROCESSORS = ['own', 'shared'] as const;
export type ProcessorUse = (typeof PROCESSORS)[number];

export interface Placement {
  readonly priority: Priority;
  /** The loop's own processor; null: any. */
  readonly loop: number | null;
  /** The processors of everything else; null: any. */
  readonly others: readonly number[] | null;
}

/** `0-2,5` as the kernel writes it. */
export function parseProcessors(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split('-').map(Number);
    if (!Number.isInteger(first) || !Number.isInteger(last)) return [];
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** Processors that this process may use. */
export function ownProcessors(): number[] {
  const status = readFileSync('/proc/self/status', 'utf8');
  return parseProcessors(/^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '0');
}

/**
 * The first processor for the loop: the generators keep to the last. `asked` is what the user
 * insists on; without it a machine gives what it can. Throws `precondition` where it cannot.
 */
export function place(
  processors: readonly number[],
  mayBeRealtime: boolean,
  asked: { readonly priority?: Priority; readonly use?: ProcessorUse },
): Placement {
  const [first, ...others] = processors;
  const isPossible = first !== undefined && others.length > 0;
  if (asked.use === 'own' && !isPossible) {
    throw new LabError(
      'precondition',
      'there is one processor only, and the packet loop is to have its own',
      '--processor shared',
    );
  }
  const isOwn = asked.use !== 'shared' && isPossible;
  // A loop that is before all others must not be on the only processor that these have.
  const best = mayBeRealtime && isOwn ? 'realtime' : 'normal';
  return {
    priority: asked.priority ?? best,
    loop: isOwn ? first : null,
    others: isOwn ? others : null,
  };
}

/** Whether this user's threads may have real-time priority: root of the machine, mostly. */
export async function mayBeRealtime(): Promise<boolean> {
  return (await tryCommand(['chrt', '--fifo', '1', 'true'])).code === 0;
}

/** Options of `timeplane switch`. */
export function switchFlags({ priority, loop }: Placement): string[] {
  return ['--priority', priority, ...(loop === null ? [] : ['--processor', String(loop)])];
}

export function keptTo(
  processors: readonly number[] | null,
  argv: readonly string[],
): readonly string[] {
  return processors === null ? argv : ['taskset', '--cpu-list', processors.join(','), ...argv];
}
