/** The lines of P4 that things of the JSON came from, for the comments of the C text. */
import type { Json } from './json.js';

/** By the JSON path of what has a `source_info`: `file(line): fragment`, fit for a comment of C. */
export function sourceLines(root: Json): ReadonlyMap<string, string> {
  const lines = new Map<string, string>();
  const pending: { readonly value: unknown; readonly path: string }[] = [
    { value: root.value, path: root.path },
  ];
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    const { value, path } = item;
    if (Array.isArray(value)) {
      value.forEach((part: unknown, i) => pending.push({ value: part, path: `${path}[${i}]` }));
    } else if (typeof value === 'object' && value !== null) {
      const line = lineOf((value as Record<string, unknown>)['source_info']);
      if (line !== null) lines.set(path, line);
      for (const key of ['pipelines', 'parsers', 'deparsers', 'actions', ...CONTENTS]) {
        const part = (value as Record<string, unknown>)[key];
        if (typeof part === 'object') pending.push({ value: part, path: `${path}.${key}` });
      }
    }
  }
  return lines;
}

/** What has lines of its own, below the root. */
const CONTENTS = [
  'tables',
  'conditionals',
  'action_calls',
  'primitives',
  'parse_states',
  'parser_ops',
  'checksums',
] as const;

function lineOf(info: unknown): string | null {
  if (typeof info !== 'object' || info === null) return null;
  const { filename, line, source_fragment: fragment } = info as Record<string, unknown>;
  if (typeof filename !== 'string' || typeof line !== 'number' || typeof fragment !== 'string') {
    return null;
  }
  const place = `${filename.split('/').pop() ?? ''}(${line})`;
  return harmless(isTelling(fragment) ? `${place}: ${fragment}` : place);
}

/** p4c gives of an assignment what is from its sign on: that alone tells nothing. */
function isTelling(fragment: string): boolean {
  return /\w/.test(fragment) && !/^\s*[=;,)}\]]/.test(fragment);
}

/** So that a line of the C text holds it with what is around it. */
const MOST_LETTERS = 96;

/** Text that stays within a comment of one line: nothing ends it, begins another, or is a trigraph. */
function harmless(text: string): string {
  const printable = text
    .slice(0, 4 * MOST_LETTERS)
    .replace(/\s+/g, ' ')
    .replace(/[^\x20-\x7e]|\\/g, '.')
    .replace(/\*(?=\/)|\/(?=\*)|\?(?=\?)/g, '$& ')
    .trim();
  return printable.length > MOST_LETTERS ? `${printable.slice(0, MOST_LETTERS - 3)}...` : printable;
}
