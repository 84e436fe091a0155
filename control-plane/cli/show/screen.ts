/** Where blocks of text go, one after the other: in place on a terminal, else below each other. */

/** As much of a stream as is needed, so that a test can be one. */
export interface Output {
  readonly write: (text: string) => unknown;
  readonly isTTY?: boolean;
  readonly rows?: number;
}

export interface Screen {
  readonly show: (block: string) => void;
  /** Gives the terminal back as it was, with the last block on it. */
  readonly close: () => void;
}

const ESC = '\u001b[';
/** The alternate screen, so that what was there comes back; no cursor; long lines are cut. */
const ENTER = `${ESC}?1049h${ESC}?25l${ESC}?7l`;
const LEAVE = `${ESC}?7h${ESC}?25h${ESC}?1049l`;
const HOME = `${ESC}H`;
const CLEAR_LINE_END = `${ESC}K`;
const CLEAR_BELOW = `${ESC}J`;
/** For a terminal that does not know its size, or says 0. */
const DEFAULT_ROWS = 24;

export function openScreen(output: Output): Screen {
  return output.isTTY === true ? terminal(output) : plain(output);
}

function plain(output: Output): Screen {
  return { show: (block) => output.write(`${block}\n`), close: () => undefined };
}

function terminal(output: Output): Screen {
  let last = '';
  output.write(ENTER);
  return {
    show: (block) => {
      last = block;
      // Overwritten and not cleared first: nothing flickers.
      const rows = output.rows ?? 0;
      const lines = fitting(block.split('\n'), rows > 0 ? rows : DEFAULT_ROWS);
      output.write(HOME + lines.map((line) => line + CLEAR_LINE_END).join('\r\n') + CLEAR_BELOW);
    },
    close: () => output.write(LEAVE + (last === '' ? '' : `${last}\n`)),
  };
}

/** What does not fit is said, not scrolled: that would move what is read. */
function fitting(lines: readonly string[], rows: number): readonly string[] {
  if (lines.length <= rows) return lines;
  const hidden = lines.length - rows + 1;
  return [...lines.slice(0, rows - 1), `… ${hidden} more lines do not fit`];
}
