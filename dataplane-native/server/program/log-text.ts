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
  return { text: format(message.format, values(message, record.words)), place: message.place };
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

/** A brace that is none, or whatever is between two braces. */
const PLACEHOLDER = /\\([{}])|\{(?:\\.|[^}\\])*\}/gs;

/** What has no value stays; values without a place come at the end, so that nothing is lost. */
function format(text: string, all: readonly string[]): string {
  let used = 0;
  const filled = text.replaceAll(PLACEHOLDER, (found, brace: string | undefined) => {
    if (brace !== undefined) return brace;
    used += 1;
    return all[used - 1] ?? found;
  });
  return used < all.length ? `${filled} (${all.slice(used).join(', ')})` : filled;
}
