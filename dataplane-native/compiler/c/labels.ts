/** Labels of generated functions: C compilers warn about those that nothing jumps to. */

import { isComment } from './comments.js';

/** The labels that the lines jump to. */
export function jumpTargets(lines: readonly string[]): ReadonlySet<string> {
  const targets = new Set<string>();
  for (const line of lines) {
    if (isComment(line)) continue;
    for (const [, label] of line.matchAll(/goto (\w+);/g)) {
      targets.add(label ?? '');
    }
  }
  return targets;
}

/** The lines without the labels that are no targets. */
export function withoutUnusedLabels(
  lines: readonly string[],
  targets: ReadonlySet<string>,
): string[] {
  return lines.filter((line) => {
    const label = /^(\w+):$/.exec(line)?.[1];
    return label === undefined || label === 'default' || targets.has(label);
  });
}
