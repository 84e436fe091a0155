/** The text of a program's `log_msg`, as simple_switch writes it: numbers are decimal. */
import type { LogRecord } from '#binding/log-records';
import type { LogMessageLayout, PipelineLayout } from '#compiler/layout';

/** A message as people read it. */
export interface LoggedText {
  readonly text: string;
  /** In the P4 source. */
  readonly place: string;
}

/** What a record of the engine says. */
export function loggedText({ logMessages }: PipelineLayout, record: LogRecord): LoggedText {
  const message = logMessages[record.message];
  // The engine has another pipeline already, or none.
  if (message === undefined) return { text: `message ${record.message}`, place: '' };
  return { text: filled(message, values(message, record.words)), place: message.place };
}

function values(message: LogMessageLayout, all: BigUint64Array): string[] {
  let at = 0;
  return message.values.map(({ words, signed }) => {
    let value = 0n;
    for (let i = words - 1; i >= 0; i -= 1) value = (value << 64n) | (all[at + i] ?? 0n);
    at += words;
    return String(signed ? BigInt.asIntN(64 * words, value) : value);
  });
}

const ESCAPED = /\\([{}])/g;
/** A brace that is none, or whatever is between two braces. Where the second is missing, it is missing for
 * all that come after, too: the rest is taken at once, or each of them would be a search to the end. */
const PLACEHOLDER = /\\([{}])|\{(?:\\.|[^}\\])*(\}?)/gs;

/** Texts and, between them, places of values; a place is told by what stands there in the format. */
type Part = string | { readonly place: string };

/** By messages: what a frame makes a program say must not cost a search through its format each time. */
const PARTS = new WeakMap<LogMessageLayout, readonly Part[]>();

function partsOf(message: LogMessageLayout): readonly Part[] {
  const known = PARTS.get(message);
  if (known !== undefined) return known;
  const text = message.format;
  const parts: Part[] = [];
  let at = 0;
  for (const { 0: found, 1: brace, 2: end, index } of text.matchAll(PLACEHOLDER)) {
    const isOpen = end === '';
    const part = brace ?? (isOpen ? found.replace(ESCAPED, '$1') : { place: found });
    parts.push(text.slice(at, index), part);
    at = index + found.length;
  }
  parts.push(text.slice(at));
  PARTS.set(message, parts);
  return parts;
}

/** What has no value stays; values without a place come at the end, so that nothing is lost. */
function filled(message: LogMessageLayout, all: readonly string[]): string {
  let used = 0;
  const texts = partsOf(message).map((part) => {
    if (typeof part === 'string') return part;
    used += 1;
    return all[used - 1] ?? part.place;
  });
  if (used < all.length) texts.push(` (${all.slice(used).join(', ')})`);
  return texts.join('');
}
