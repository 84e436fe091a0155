/** An engine that writes down, as steps of the packet fuzzer, what the P4Runtime server asks of it. */
import type { PipelineLayout } from '#compiler/layout';
import type {
  EnginePort,
  EngineGroup,
  EngineReplica,
  EngineResult,
  MeterRates,
  NewEntry,
} from '#server/engine-port';
import { ShadowEngine } from '#server/state/shadow-engine';
import { meterWords } from '#binding/state-values';
import { numbers, step, words } from './steps.js';

const OK: EngineResult<void> = { ok: true, value: undefined };

function replicasOf(replicas: readonly EngineReplica[]): Uint8Array {
  return numbers(2, ...replicas.flatMap(({ port, instance }) => [port, instance]));
}

export class RecordingEngine extends ShadowEngine implements EnginePort {
  readonly steps: Uint8Array[] = [];

  constructor(layout: PipelineLayout) {
    super(layout);
  }

  load(): EngineResult<void> {
    this.clear();
    return OK;
  }

  held<T>(act: () => T): T {
    return act();
  }

  override tableInsert(entry: NewEntry) {
    const { table, action, priority, rangeWords, key, mask, args } = entry;
    const head = [numbers(2, table, action), numbers(4, priority, rangeWords)];
    this.steps.push(step('insert', ...head, words(key), words(mask), words(args)));
    return super.tableInsert(entry);
  }

  override tableSetDefault(table: number, action: number, args: BigUint64Array) {
    this.steps.push(step('default', numbers(2, table, action), words(args)));
    return super.tableSetDefault(table, action, args);
  }

  override memberAdd(profile: number, action: number, args: BigUint64Array) {
    this.steps.push(step('member', numbers(2, profile, action), words(args)));
    return super.memberAdd(profile, action, args);
  }

  override groupAdd(profile: number, group: EngineGroup) {
    const members = group.members.map(({ member }) => member % 256);
    this.steps.push(step('group', numbers(2, profile), numbers(1, ...members)));
    return super.groupAdd(profile, group);
  }

  override meterWrite(meter: number, index: number, count: number, rates: MeterRates | null) {
    this.steps.push(step('meter', numbers(2, meter, index, count), words(meterWords(rates) ?? [])));
    return super.meterWrite(meter, index, count, rates);
  }

  override registerWrite(register: number, index: number, value: BigUint64Array) {
    this.steps.push(step('register', numbers(2, register, index), words(value)));
    return super.registerWrite(register, index, value);
  }

  override multicastGroupSet(group: number, replicas: readonly EngineReplica[]) {
    this.steps.push(step('multicast', numbers(2, group), replicasOf(replicas)));
    return OK;
  }

  override cloneSessionSet(
    session: number,
    replicas: readonly EngineReplica[],
    _classOfService: number,
    octets: number,
  ): EngineResult<void> {
    this.steps.push(step('session', numbers(2, session, octets), replicasOf(replicas)));
    return OK;
  }

  packetOut(): EngineResult<void> {
    return OK;
  }

  onMessage(): void {
    // Nothing is ever said.
  }
}
