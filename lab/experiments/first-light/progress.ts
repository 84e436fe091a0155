/** What is going on: one line that changes on a terminal, a line a phase elsewhere. */
import pc from 'picocolors';

export interface Progress {
  /** A passing state; only a terminal shows it. */
  update(text: string): void;
  /** Something done; stays on the screen. */
  done(text: string): void;
  /** Removes a passing state from the screen. */
  clear(): void;
}

const CLEAR_LINE = '\r\u001b[2K';

export function createProgress(output: NodeJS.WriteStream): Progress {
  const live = output.isTTY;
  // A terminal that does not say how wide it is says 0.
  const width = () => (output.columns > 0 ? output.columns : 80) - 1;
  const clear = () => {
    if (live) output.write(CLEAR_LINE);
  };
  return {
    update: (text) => {
      if (live) output.write(CLEAR_LINE + pc.dim(text.slice(0, width())));
    },
    done: (text) => {
      clear();
      output.write(`${text}\n`);
    },
    clear,
  };
}
