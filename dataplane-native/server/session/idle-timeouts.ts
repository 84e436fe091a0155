/** Tells primaries of table entries that were not hit for as long as their timeout (specification 1.5,
 * sections "Idle-timeout" and "Table Idle Timeout Notification"). */
import { create } from '@bufbuild/protobuf';
import type { IdleTimeoutNotification } from '#protos/p4/v1/p4runtime_pb';
import { IdleTimeoutNotificationSchema } from '#protos/p4/v1/p4runtime_pb';
import type { DigestClock } from './digest.js';
import { entryMessage } from '../entities/table-read.js';
import type { ForwardingState, TableState } from '../state/state.js';

/** From one look at all entries with a timeout to the next: a timeout is told so late at most. */
const LOOK_MS = 50;
/** In one message; the next one has more. */
const ENTRIES = 256;

/** The table of all its entries says who may hear of it. */
export type SendIdle = (tableId: number, notification: IdleTimeoutNotification) => void;

/** See the file's comment. */
export class IdleTimeouts {
  readonly #clock: DigestClock;
  readonly #send: SendIdle;
  #state: ForwardingState | null = null;
  #cancel: (() => void) | null = null;

  constructor(clock: DigestClock, send: SendIdle) {
    this.#clock = clock;
    this.#send = send;
  }

  /** Another pipeline runs now. */
  setState(state: ForwardingState | null): void {
    this.close();
    this.#state = state;
    this.#arm();
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #arm(): void {
    const { tables = new Map<number, TableState>() } = this.#state ?? {};
    const canTimeOut = [...tables.values()].some(({ program }) => program.layout.supportsTimeout);
    if (!canTimeOut) return;
    this.#cancel = this.#clock.after(LOOK_MS, () => {
      this.#look();
      this.#arm();
    });
  }

  #look(): void {
    const { tables = new Map<number, TableState>() } = this.#state ?? {};
    for (const table of tables.values()) {
      if (table.entries.timeouts > 0) this.#lookAt(table);
    }
  }

  #lookAt(table: TableState): void {
    for (let from: number | null = 0; from !== null;) {
      const page = table.entries.takeIdle(from, ENTRIES);
      from = page.next;
      const tableEntry = page.entries.map((entry) => entryMessage(table, entry));
      if (tableEntry.length === 0) continue;
      const timestamp = this.#clock.wallNs();
      const fields = { tableEntry, timestamp };
      this.#send(table.program.id, create(IdleTimeoutNotificationSchema, fields));
    }
  }
}
