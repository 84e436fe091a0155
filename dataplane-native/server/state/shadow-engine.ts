/**
 * An engine without a dataplane: it keeps the state of a pipeline and forwards nothing. A saved, not
 * yet committed pipeline is written to one, so that a Write is checked as the engine would.
 */
import type { PipelineLayout } from '#compiler/layout';
import type {
  CounterValue,
  EngineGroup,
  EngineReplica,
  EngineResult,
  EngineState,
  MeterCounts,
  MeterRates,
  MeterState,
} from '../engine-port.js';
import { meterState, NO_METER_COUNTS, ratesIn } from './shadow-meters.js';
import { refuse, ShadowTables } from './shadow-tables.js';

const OK: EngineResult<void> = { ok: true, value: undefined };
const ZERO: CounterValue = { packets: 0n, octets: 0n };

/** See the file's comment. */
export class ShadowEngine extends ShadowTables implements EngineState {
  readonly #layout: PipelineLayout;
  readonly #members = new Map<number, Set<number>>();
  readonly #counters = new Map<string, CounterValue>();
  readonly #meters = new Map<string, MeterRates | null>();
  readonly #registers = new Map<string, BigUint64Array>();

  constructor(layout: PipelineLayout) {
    super();
    this.#layout = layout;
    this.clear();
  }

  /** As after a load. */
  protected clear(): void {
    this.clearTables(this.#layout);
    this.#members.clear();
    this.#counters.clear();
    this.#meters.clear();
    this.#registers.clear();
  }

  memberAdd(profile: number, _action: number, _args: BigUint64Array): EngineResult<number> {
    const size = this.#layout.profiles.find(({ index }) => index === profile)?.size ?? 0;
    const members = this.#members.get(profile) ?? new Set();
    if (members.size >= size) {
      return refuse('FULL', `the action profile is full (${size} members)`);
    }
    const member = this.#newNumber();
    this.#members.set(profile, members.add(member));
    return { ok: true, value: member };
  }

  memberModify(): EngineResult<void> {
    return OK;
  }

  memberRemove(profile: number, member: number): EngineResult<void> {
    return this.#members.get(profile)?.delete(member) === true
      ? OK
      : refuse('NOT_FOUND', 'no such member');
  }

  groupAdd(_profile: number, _group: EngineGroup): EngineResult<number> {
    return { ok: true, value: this.#newNumber() };
  }

  groupModify(): EngineResult<void> {
    return OK;
  }

  groupRemove(): EngineResult<void> {
    return OK;
  }

  counterRead(counter: number, index: number, count: number): EngineResult<CounterValue[]> {
    const cells = Array.from({ length: count }, (_, i) => index + i);
    return {
      ok: true,
      value: cells.map((cell) => this.#counters.get(`${counter}/${cell}`) ?? ZERO),
    };
  }

  counterWrite(counter: number, index: number, value: CounterValue): EngineResult<void> {
    this.#counters.set(`${counter}/${index}`, value);
    return OK;
  }

  counterTake(counter: number, index: number, count: number): EngineResult<BigUint64Array> {
    const read = this.counterRead(counter, index, count);
    if (!read.ok) return read;
    const words = read.value.flatMap(({ packets, octets }) => [packets, octets]);
    return { ok: true, value: BigUint64Array.from(words) };
  }

  counterPut(counter: number, index: number, values: BigUint64Array): EngineResult<void> {
    for (let i = 0; 2 * i < values.length; i += 1) {
      const [packets = 0n, octets = 0n] = values.subarray(2 * i);
      this.counterWrite(counter, index + i, { packets, octets });
    }
    return OK;
  }

  meterRead(meter: number, index: number, count: number): EngineResult<(MeterRates | null)[]> {
    const cells = Array.from({ length: count }, (_, i) => index + i);
    return { ok: true, value: cells.map((cell) => this.#meters.get(`${meter}/${cell}`) ?? null) };
  }

  meterWrite(
    meter: number,
    index: number,
    count: number,
    rates: MeterRates | null,
  ): EngineResult<void> {
    for (let cell = index; cell < index + count; cell += 1) {
      this.#meters.set(`${meter}/${cell}`, rates);
    }
    return OK;
  }

  meterCounts(_meter: number, _index: number, count: number): EngineResult<MeterCounts[]> {
    return { ok: true, value: Array<MeterCounts>(count).fill(NO_METER_COUNTS) };
  }

  meterResetCounts(): EngineResult<void> {
    return OK;
  }

  meterSave(meter: number, index: number, count: number): EngineResult<MeterState> {
    const read = this.meterRead(meter, index, count);
    return read.ok ? { ok: true, value: meterState(read.value) } : read;
  }

  meterRestore(meter: number, index: number, count: number, state: MeterState): EngineResult<void> {
    for (let i = 0; i < count; i += 1) this.meterWrite(meter, index + i, 1, ratesIn(state, i));
    return OK;
  }

  registerRead(register: number, index: number, count: number): EngineResult<BigUint64Array[]> {
    const words = this.#wordsOf(register);
    const cells = Array.from({ length: count }, (_, i) => index + i);
    return {
      ok: true,
      value: cells.map(
        (cell) => this.#registers.get(`${register}/${cell}`) ?? new BigUint64Array(words),
      ),
    };
  }

  registerWrite(register: number, index: number, words: BigUint64Array): EngineResult<void> {
    this.#registers.set(`${register}/${index}`, words.slice());
    return OK;
  }

  registerTake(register: number, index: number, count: number): EngineResult<BigUint64Array> {
    const read = this.registerRead(register, index, count);
    if (!read.ok) return read;
    return { ok: true, value: BigUint64Array.from(read.value.flatMap((cell) => [...cell])) };
  }

  registerPut(register: number, index: number, values: BigUint64Array): EngineResult<void> {
    const words = this.#wordsOf(register);
    for (let i = 0; i * words < values.length; i += 1) {
      this.registerWrite(register, index + i, values.slice(i * words, (i + 1) * words));
    }
    return OK;
  }

  #wordsOf(register: number): number {
    return this.#layout.registers.find((layout) => layout.index === register)?.words ?? 1;
  }

  multicastGroupSet(_group: number, _replicas: readonly EngineReplica[]): EngineResult<void> {
    return OK;
  }

  cloneSessionSet(
    _session: number,
    _replicas: readonly EngineReplica[],
    _classOfService: number,
    _packetOctets: number,
  ): EngineResult<void> {
    return OK;
  }

  #newNumber(): number {
    return Number(this.newHandle());
  }
}
