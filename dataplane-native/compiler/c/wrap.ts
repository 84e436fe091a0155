/** Long lines of C, broken where a reader would. */

/** The most columns that a line has. */
export const MOST_COLUMNS = 110;

const CONTINUATION = '    ';

/** A line with its indentation, as one or several. Comments and preprocessor lines stay as they are. */
export function wrapped(line: string, indentation: string): string[] {
  const lines: string[] = [];
  let rest = indentation + line;
  let start = indentation;
  while (rest.length > MOST_COLUMNS) {
    const at = breakOf(rest, start.length);
    if (at === null) break;
    lines.push(rest.slice(0, at).trimEnd());
    start = indentation + CONTINUATION;
    rest = start + rest.slice(at).trimStart();
  }
  return [...lines, rest];
}

/** `if (…) { … }` on one line as three, for lines that would be too long; null for other lines. */
export function opened(line: string): readonly string[] | null {
  const found = /^((?:if|else|for|while|\} else) .*\)|else) \{ (.*;) \}$/.exec(line);
  const [, head, body] = found ?? [];
  if (head === undefined || body === undefined || body.includes('{')) return null;
  return [`${head} {`, ...statements(body), '}'];
}

/** The statements of a line; none has a semicolon within it. */
function statements(text: string): string[] {
  return text.split(/(?<=;) /);
}

/**
 * Where to break: as far out of parentheses as can be, and of those places the last that fits. What
 * has none is broken after the last parenthesis that fits.
 */
function breakOf(line: string, from: number): number | null {
  let depth = 0;
  let isString = false;
  let best: { readonly at: number; readonly depth: number } | null = null;
  let parenthesis: number | null = null;
  for (let i = from; i < line.length && i <= MOST_COLUMNS; i += 1) {
    const letter = line[i];
    if (letter === '"' && line[i - 1] !== '\\') isString = !isString;
    if (isString) continue;
    if (letter === '(' || letter === '[' || letter === '{') depth += 1;
    if (letter === ')' || letter === ']' || letter === '}') depth -= 1;
    if (isPlace(line, i) && i > from && (best === null || depth <= best.depth)) {
      best = { at: i, depth };
    }
    if (letter === '(' && i < MOST_COLUMNS) parenthesis = i + 1;
  }
  return best?.at ?? parenthesis;
}

/** After a comma or an assignment, or before an operator. */
function isPlace(line: string, at: number): boolean {
  if (line[at - 1] !== ' ') return false;
  return (
    /[,=] $/.test(line.slice(0, at)) ||
    /^(?:&&|\|\||[-+*&|^?:]|[=!<>]=|<<|>>|[<>]) /.test(line.slice(at))
  );
}
