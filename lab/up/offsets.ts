/** What clients think of their clocks, as their ptp4l print it. */
import Table from 'cli-table3';
import { parsePrintedOffset } from '../measure/printed-offsets.js';
import { percentile } from '../../control-plane/statistics/samples.js';

const NAMES = 3;

export class OffsetLog {
  readonly #offsets = new Map<string, number[]>();

  take(client: string, line: string): void {
    const printed = parsePrintedOffset(line);
    if (printed === null) return;
    const own = this.#offsets.get(client) ?? [];
    own.push(printed.offsetNs);
    this.#offsets.set(client, own);
  }

  /** The last ones, of some clients. */
  line(): string {
    const last = [...this.#offsets].map(([client, own]) => `${client} ${own.at(-1) ?? '–'} ns`);
    if (last.length === 0) return 'no client follows yet';
    return `${last.slice(0, NAMES).join(', ')}${last.length > NAMES ? `, and ${last.length - NAMES} more` : ''}`;
  }

  /** A row for each client. */
  render(): string {
    if (this.#offsets.size === 0) return 'No client followed anybody.';
    const head = ['client', 'offsets', 'median', 'least', 'greatest'];
    const colAligns = head.map((_, at) => (at === 0 ? ('left' as const) : ('right' as const)));
    const table = new Table({ head, style: { head: [], border: [] }, colAligns });
    for (const [client, own] of this.#offsets) {
      const ascending = own.toSorted((a, b) => a - b);
      const [median, least, greatest] = [0.5, 0, 1].map((share) => percentile(ascending, share));
      table.push([client, own.length, ...[median, least, greatest].map((ns) => `${ns} ns`)]);
    }
    return `${table.toString()}\nAll clocks share the machine’s, so an offset that a client believes in is its error.`;
  }
}
