/** Lays lines of C out by their braces, since people read generated code too when something is wrong. */
import { MOST_COLUMNS, opened, wrapped } from './wrap.js';

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
  /** The depths at which there is a case above: what is beneath it is a step further in. */
  const cases = new Set<number>();
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
    const own = Math.max(0, depth - leading);
    for (const one of cases) if (one > own) cases.delete(one);
    const isCase = CASE.test(line);
    if (isCase) cases.delete(own);
    const outdent = LABEL.test(line) && own > 0 ? 1 : 0;
    out.push(...laidOut(line, STEP.repeat(own + cases.size + (continued ? 2 : 0) - outdent)));
    if (isCase) cases.add(own);
    attached = isComment;
    continued = continues;
    depth = Math.max(0, depth + opened - closed);
  }
  return out;
}

const CASE = /^(?:case .*|default):( \{)?$/;
/** Stands a step further out than the statements around it. */
const LABEL = /^(?!default:)\w+:;?$/;

function laidOut(line: string, indentation: string): string[] {
  if (line.startsWith('#') || line.startsWith('/*'))
    return [indentationOf(line, indentation) + line];
  if (indentation.length + line.length <= MOST_COLUMNS) return [indentation + line];
  const parts = opened(line);
  if (parts === null) return wrapped(line, indentation);
  return parts.flatMap((part, i) =>
    wrapped(part, i === 0 || i === parts.length - 1 ? indentation : indentation + STEP),
  );
}

function indentationOf(line: string, indentation: string): string {
  return line.startsWith('#') ? '' : indentation;
}
