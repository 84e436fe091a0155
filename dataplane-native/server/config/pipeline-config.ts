/**
 * SetForwardingPipelineConfig and GetForwardingPipelineConfig (specification 1.5, sections of those
 * names): the committed pipeline, and one that is saved and waits for COMMIT. Until that commit,
 * reads and writes go to the saved one, which has a shadow engine, and its writes are replayed.
 */
import { setImmediate } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import type { PipelineLayout } from '#compiler/layout';
import type { ForwardingPipelineConfig, Update } from '#protos/p4/v1/p4runtime_pb';
import {
  ForwardingPipelineConfigSchema,
  GetForwardingPipelineConfigRequest_ResponseType as ResponseType,
  SetForwardingPipelineConfigRequest_Action as ConfigAction,
  WriteRequest_Atomicity as Atomicity,
} from '#protos/p4/v1/p4runtime_pb';
import { putValues, takeValues } from './carried-values.js';
import type { EnginePort } from '../engine-port.js';
import type { ItemStatus, Outcome } from '../errors.js';
import { DONE, denied, done, fail, fromEngine, invalid } from '../errors.js';
import { definitionsOf } from '../program/p4info-shape.js';
import type { Program } from '../program/program.js';
import { buildProgram } from '../program/program.js';
import { reclaimStrings } from '../program/strings-in-use.js';
import type { PortDirectory } from '../program/translation.js';
import { carryOver } from './reconcile.js';
import type { RoleScope } from '../session/role-config.js';
import { ShadowEngine } from '../state/shadow-engine.js';
import type { ForwardingState } from '../state/state.js';
import { clearReplication, initialState } from '../state/state.js';
import { ChangeQueue } from '../write/change-queue.js';
import { UpdateList } from '../write/update-list.js';
import { complete, writeAllOrNone, writeEach, writeUpdates } from '../write/write.js';

/** A pipeline that the engine can load. */
export interface BuiltPipeline {
  readonly sharedObject: string;
  readonly layout: PipelineLayout;
}

/** Turns p4_device_config (a bmv2 JSON) into something that the engine can load. */
export interface PipelineBuilder {
  /** Errors: INVALID_ARGUMENT with the compiler's messages; FAILED_PRECONDITION where this machine
   * cannot build at all (no C compiler). */
  build(deviceConfig: Uint8Array): Promise<Outcome<BuiltPipeline>>;
}

interface Realizable {
  readonly config: ForwardingPipelineConfig;
  readonly program: Program;
  readonly sharedObject: string;
}

interface Saved {
  readonly realizable: Realizable;
  readonly state: ForwardingState;
  /** Successful updates since the save. */
  readonly journal: Update[];
}

interface Committed {
  readonly config: ForwardingPipelineConfig;
  readonly state: ForwardingState;
}

/** Of a batch that need not be atomic: written before others have their turn, in a millisecond or two. */
const TURN_ROWS = 512;

const NO_UPDATES = UpdateList.ofMessages([]);

/** See the file's comment. */
export class Pipelines {
  readonly #engine: EnginePort;
  readonly #builder: PipelineBuilder;
  readonly #ports: PortDirectory;
  readonly #changes: ChangeQueue;
  #committed: Committed | null = null;
  #saved: Saved | null = null;
  /** Requests are served one after the other: building takes seconds. */
  #last: Promise<unknown> = Promise.resolve();

  /** `changes` is what writes in turns wait in, too. */
  constructor(
    engine: EnginePort,
    builder: PipelineBuilder,
    ports: PortDirectory,
    changes = new ChangeQueue(),
  ) {
    this.#engine = engine;
    this.#builder = builder;
    this.#ports = ports;
    this.#changes = changes;
  }

  /** The state that the dataplane runs with. */
  get committedState(): ForwardingState | null {
    return this.#committed?.state ?? null;
  }

  /** The state that Read and Write refer to. */
  get currentState(): ForwardingState | null {
    return this.#saved?.state ?? this.committedState;
  }

  /** Applies a batch to the current state, which must exist. */
  write(state: ForwardingState, updates: readonly Update[]): ItemStatus[] {
    reclaimStrings(state);
    const statuses = writeUpdates(state, updates);
    this.#note(state, UpdateList.ofMessages(updates), statuses, 0);
    return statuses;
  }

  /** The same of what the role may write, part by part where it may be: others have their turn in between.
   * To be run in the queue of changes, which keeps the pipeline as it is meanwhile. */
  async writeInTurns(
    state: ForwardingState,
    updates: UpdateList,
    atomicity: Atomicity,
    scope: RoleScope,
  ): Promise<ItemStatus[]> {
    reclaimStrings(state);
    const statuses: ItemStatus[] = [];
    if (atomicity === Atomicity.DATAPLANE_ATOMIC) {
      // Frames wait meanwhile, also while a batch that fails is undone.
      this.#engine.held(() => complete(writeAllOrNone(state, updates, scope, statuses)));
      this.#note(state, updates, statuses, 0);
      return statuses;
    }
    const write = atomicity === Atomicity.ROLLBACK_ON_ERROR ? writeAllOrNone : writeEach;
    let noted = 0;
    let rows = 0;
    for (const part of write(state, updates, scope, statuses)) {
      rows += part;
      if (rows < TURN_ROWS) continue;
      rows = 0;
      this.#note(state, updates, statuses, noted);
      noted = statuses.length;
      await setImmediate();
    }
    this.#note(state, updates, statuses, noted);
    return statuses;
  }

  /** What was written to a saved pipeline is written again when it is committed. */
  #note(
    state: ForwardingState,
    updates: UpdateList,
    statuses: readonly ItemStatus[],
    from: number,
  ): void {
    if (this.#saved?.state !== state) return;
    const { journal } = this.#saved;
    for (let i = from; i < statuses.length; i += 1) {
      const update = statuses[i] === null ? updates.at(i) : null;
      if (update !== null) journal.push(update);
    }
  }

  /** Performs a configuration action. `stillPrimary` is asked again after the long part and the wait. */
  set(
    action: ConfigAction,
    config: ForwardingPipelineConfig | undefined,
    stillPrimary: () => boolean,
  ): Promise<Outcome<void>> {
    const run = this.#last.then(() => this.#set(action, config, stillPrimary));
    this.#last = run.catch(() => undefined);
    return run;
  }

  async #set(
    action: ConfigAction,
    config: ForwardingPipelineConfig | undefined,
    stillPrimary: () => boolean,
  ): Promise<Outcome<void>> {
    switch (action) {
      case ConfigAction.COMMIT:
        return config === undefined
          ? this.#change(stillPrimary, () => this.#commitSaved())
          : invalid('COMMIT takes no config: it commits the saved one');
      case ConfigAction.VERIFY:
      case ConfigAction.VERIFY_AND_SAVE:
      case ConfigAction.VERIFY_AND_COMMIT:
      case ConfigAction.RECONCILE_AND_COMMIT:
        break;
      case ConfigAction.UNSPECIFIED:
      default:
        return invalid('the action is not set, or not known');
    }
    if (config === undefined) return invalid('the config is not set');
    const realizable = await this.#verify(config);
    if (!realizable.ok) return realizable;
    if (!stillPrimary()) return denied('another client became primary meanwhile');
    if (action === ConfigAction.VERIFY) return DONE;
    return this.#change(stillPrimary, () => {
      if (action === ConfigAction.VERIFY_AND_SAVE) return this.#save(realizable.value);
      if (action === ConfigAction.RECONCILE_AND_COMMIT) return this.#reconcile(realizable.value);
      this.#saved = null;
      return this.#engine.held(() => this.#commit(realizable.value, NO_UPDATES));
    });
  }

  /** Once the batches that are being written have ended: none is in force by half, or journalled by half. */
  #change(stillPrimary: () => boolean, change: () => Outcome<void>): Promise<Outcome<void>> {
    return this.#changes.run({ role: null, isAlone: true }, () =>
      stillPrimary() ? change() : denied('another client became primary meanwhile'),
    );
  }

  async #verify(config: ForwardingPipelineConfig): Promise<Outcome<Realizable>> {
    if (config.p4info === undefined) return invalid('config.p4info is not set');
    if (config.p4DeviceConfig.length === 0) {
      return invalid('config.p4_device_config is empty: this target takes a bmv2 JSON');
    }
    const built = await this.#builder.build(config.p4DeviceConfig);
    if (!built.ok) return built;
    const { sharedObject, layout } = built.value;
    const program = buildProgram(config.p4info, layout, this.#ports);
    if (!program.ok) return program;
    const tried = initialState(program.value, new ShadowEngine(layout), this.#ports.cpuPort);
    // After the load it would be too late: the old pipeline is gone then.
    if (!tried.ok) return invalid(`the initial entries do not fit: ${tried.error.message}`);
    return done({ config, program: program.value, sharedObject });
  }

  #save(realizable: Realizable): Outcome<void> {
    const { program } = realizable;
    const state = initialState(program, new ShadowEngine(program.layout), this.#ports.cpuPort);
    if (!state.ok) return state;
    this.#saved = { realizable, state: state.value, journal: [] };
    return DONE;
  }

  #commitSaved(): Outcome<void> {
    const saved = this.#saved;
    if (saved === null) return fail(status.NOT_FOUND, 'there is no saved config to commit');
    this.#saved = null;
    const journal = UpdateList.encode(saved.journal);
    return this.#engine.held(() => this.#commit(saved.realizable, journal));
  }

  /** Everything that can fail is tried before traffic waits. */
  #reconcile(realizable: Realizable): Outcome<void> {
    const committed = this.#committed;
    const [oldInfo, info] = [committed?.config.p4info, realizable.config.p4info];
    if (committed === null || oldInfo === undefined || info === undefined) {
      this.#saved = null;
      return this.#engine.held(() => this.#commit(realizable, NO_UPDATES));
    }
    const { program } = realizable;
    const kept = carryOver({ old: committed.state, oldInfo, program, info });
    if (!kept.ok) return kept;
    const updates = UpdateList.encode(kept.value);
    const [before, now] = [definitionsOf(oldInfo), definitionsOf(info)];
    this.#saved = null;
    return this.#engine.held(() => {
      const values = takeValues(committed.state, before, now);
      if (!values.ok) return values;
      const done = this.#commit(realizable, updates);
      const state = this.committedState;
      return done.ok && state !== null ? putValues(state, values.value) : done;
    });
  }

  /** While the engine is held: a frame sees the old pipeline, or the new one with its default actions,
   * initial entries and saved writes, and nothing in between. */
  #commit(realizable: Realizable, journal: UpdateList): Outcome<void> {
    const old = this.committedState;
    const loaded = this.#engine.load(realizable.sharedObject);
    if (!loaded.ok) return fromEngine(loaded.error);
    this.#committed = null;
    const cleared = old === null ? DONE : clearReplication(old);
    if (!cleared.ok) return cleared;
    const { config, program } = realizable;
    const state = initialState(program, this.#engine, this.#ports.cpuPort);
    if (!state.ok) return state;
    this.#committed = { config, state: state.value };
    const statuses: ItemStatus[] = [];
    complete(writeEach(state.value, journal, null, statuses));
    const failed = statuses.filter((item) => item !== null);
    const [first] = failed;
    if (first === undefined) return DONE;
    const message = `committed, but ${failed.length} updates failed: ${first.message}`;
    return fail(status.INTERNAL, message);
  }

  /** What GetForwardingPipelineConfig answers; undefined when there is none. */
  get(type: ResponseType): ForwardingPipelineConfig | undefined {
    const config = this.#saved?.realizable.config ?? this.#committed?.config;
    if (config === undefined) return undefined;
    const part = create(ForwardingPipelineConfigSchema);
    if (config.cookie !== undefined) part.cookie = config.cookie;
    const all = type === ResponseType.ALL;
    if ((all || type === ResponseType.P4INFO_AND_COOKIE) && config.p4info !== undefined) {
      part.p4info = config.p4info;
    }
    if (all || type === ResponseType.DEVICE_CONFIG_AND_COOKIE) {
      part.p4DeviceConfig = config.p4DeviceConfig;
    }
    return part;
  }
}
