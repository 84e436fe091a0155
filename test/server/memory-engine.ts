/** An engine whose dataplane is the test: what the server asks for is recorded, what the dataplane
 * would say is said by the test. */
import type { PipelineLayout } from '#compiler/layout';
import type {
  EngineMessage,
  EnginePort,
  EngineReplica,
  EngineResult,
  EntryHandle,
  NewEntry,
  RowSource,
} from '#server/engine-port';
import { ShadowEngine } from '#server/state/shadow-engine';
import type { DecodeRows } from './native-rows.js';

const OK: EngineResult<void> = { ok: true, value: undefined };

export class MemoryEngine extends ShadowEngine implements EnginePort {
  readonly loads: string[] = [];
  readonly inserted: NewEntry[] = [];
  readonly defaults = new Map<number, { action: number; args: bigint[] }>();
  readonly groups = new Map<number, readonly EngineReplica[]>();
  readonly sessions = new Map<number, { replicas: readonly EngineReplica[]; octets: number }>();
  readonly packetOuts: Uint8Array[] = [];
  /** Calls of each kind that came while frames were let in. */
  readonly seenByTraffic: string[] = [];
  #isHeld = false;
  refuseLoad = false;
  #listener: (message: EngineMessage) => void = () => undefined;

  readonly #decodeRows: DecodeRows;

  /** Without `decodeRows` every entry is written alone. */
  constructor(layout: PipelineLayout, decodeRows: DecodeRows = () => 0) {
    super(layout);
    this.#decodeRows = decodeRows;
  }

  override rowsDecode(source: RowSource): number {
    return this.#decodeRows(source);
  }

  load(sharedObject: string): EngineResult<void> {
    if (this.refuseLoad) {
      return { ok: false, error: { code: 'BAD_PIPELINE', message: 'no such symbol' } };
    }
    this.#called('load');
    this.loads.push(sharedObject);
    this.clear();
    return OK;
  }

  held<T>(act: () => T): T {
    if (this.#isHeld) throw new Error('held twice');
    this.#isHeld = true;
    try {
      return act();
    } finally {
      this.#isHeld = false;
    }
  }

  #called(name: string): void {
    if (!this.#isHeld) this.seenByTraffic.push(name);
  }

  override tableInsert(entry: NewEntry): EngineResult<EntryHandle> {
    this.#called('tableInsert');
    const result = super.tableInsert(entry);
    if (result.ok) this.inserted.push(entry);
    return result;
  }

  override tableSetDefault(table: number, action: number, args: BigUint64Array) {
    this.#called('tableSetDefault');
    this.defaults.set(table, { action, args: [...args] });
    return super.tableSetDefault(table, action, args);
  }

  override multicastGroupSet(group: number, replicas: readonly EngineReplica[]) {
    if (replicas.length === 0) this.groups.delete(group);
    else this.groups.set(group, replicas);
    return OK;
  }

  override cloneSessionSet(
    session: number,
    replicas: readonly EngineReplica[],
    _classOfService: number,
    octets: number,
  ): EngineResult<void> {
    if (replicas.length === 0) this.sessions.delete(session);
    else this.sessions.set(session, { replicas, octets });
    return OK;
  }

  packetOut(frame: Uint8Array): EngineResult<void> {
    this.packetOuts.push(frame);
    return OK;
  }

  onMessage(listener: (message: EngineMessage) => void): void {
    this.#listener = listener;
  }

  /** The dataplane says something. */
  says(message: EngineMessage): void {
    this.#listener(message);
  }
}
