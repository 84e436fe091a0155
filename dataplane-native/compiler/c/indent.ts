/** Lays lines of C out by their braces, since people read generated code too when something is wrong. */
const STEP = '  ';

/** Takes comments and string literals out: their braces open and close nothing. */
function bare(line: string): string {
  return line.replace(/\/\*.*?\*\//g, '').replace(/"(?:[^"\\]|\\.)*"/g, '""');
}

/** Indents by two a level, and puts an empty line in front of what stands on its own. */
export function indented(lines: readonly string[]): string[] {
  let depth = 0;
  /** The line before belongs to this one: a comment above it, or the start of a declaration. */
  let attached = true;
  let continued = false;
  const out: string[] = [];
  for (const line of lines) {
    const code = bare(line);
    const opened = code.split('{').length - 1;
    const closed = code.split('}').length - 1;
    const leading = (/^[})\s]*/.exec(code)?.[0] ?? '').split('}').length - 1;
    const isComment = depth === 0 && line.startsWith('/*');
    const continues = depth === 0 && code.endsWith(',');
    const startsBlock = depth === 0 && (opened > closed || continues);
    if ((startsBlock || isComment) && !attached && !continued) out.push('');
    const level = Math.max(0, depth - leading) + (continued ? 2 : 0);
    out.push(line.startsWith('#') ? line : `${STEP.repeat(level)}${line}`);
    attached = isComment;
    continued = continues;
    depth = Math.max(0, depth + opened - closed);
  }
  return out;
}
