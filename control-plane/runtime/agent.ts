/**
 * The agent of one switch: keeps it at the desired state, whatever dies and comes back, and learns
 * addresses. All writes go through one queue of jobs, in order.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { ArbitrationPhase } from '#p4rt/arbitration';
import type { Entity } from '#p4rt/entities';
import { entityKey } from '#p4rt/identity';
import type { Update } from '#p4rt/reconcile';
import { P4rtSession, type SessionTls } from '#p4rt/session';
import type { Target } from '#p4rt/target';
import type { DigestList } from '#protos/p4/v1/p4runtime_pb';
import { portValue } from '#units/identity';
import { failure, success, type Result } from '#units/result';
import type { Instant } from '#units/time';
import { agentStatus } from './agent-status.js';
import type { Pipeline } from './artefacts.js';
import type { AgentConfig } from './config.js';
import { JobQueue } from './job-queue.js';
import { Learning, type StationUpdate } from './learning.js';
import type { MessageCounts } from './ptp/clock-snapshot.js';
import { createPtpService, type PtpService } from './ptp/service.js';
import { StatisticsReader, type Statistics } from './statistics.js';
import { makePlan, type Plan } from './plan.js';
import { restartKeys } from './reload.js';
import type { AgentStatus } from './status.js';
import { preparePipeline, refusalText, updatesFor, writeUpdates } from './switch-writer.js';

export interface AgentOptions {
  readonly config: AgentConfig;
  readonly target: Target;
  readonly pipeline: Pipeline;
  /** For a switch on another machine. */
  readonly tls?: SessionTls | null;
  readonly log: Logger;
  readonly version: string;
  /** A clock that never steps back. */
  readonly now: () => Instant;
  readonly random: () => number;
  /** Each time that the switch has become ready. */
  readonly onReady: () => void;
}

const RESYNC_MS = 2_000;
/** Of a wait for counters, before the last ones that are known are told. */
const STATISTICS_LIMIT_MS = 1_000;
const AGING_PERIOD_MS = 1_000;
/** Digest lists that wait to be written; further ones are left to the switch to tell again. */
const MAX_WAITING = 64;
/** How often the same loss is said again while it lasts. */
const REPEAT_LOSS = 12;

export class Agent {
  readonly #options: AgentOptions;
  readonly #session: P4rtSession;
  readonly #learning: Learning;
  readonly #ptp: PtpService;
  readonly #statistics: StatisticsReader;
  readonly #jobs: JobQueue;
  #config: AgentConfig;
  #desired: readonly Entity[];
  #notes: readonly string[];
  #phase: ArbitrationPhase = 'idle';
  #reason = 'not connected yet';
  #repeated = 0;
  #ready = false;
  /** The switch runs our pipeline: before that it knows no packet-out. */
  #isPrepared = false;
  #synchronised = false;
  #pushes = 0;
  #entries = 0;
  #digests = { received: 0, postponed: 0 };
  #lastStatistics: Statistics | null = null;
  #resync: NodeJS.Timeout | null = null;
  #aging: NodeJS.Timeout | null = null;

  private constructor(options: AgentOptions, plan: Plan) {
    const { config, pipeline, log, now } = options;
    this.#options = options;
    this.#config = config;
    this.#desired = plan.desired;
    this.#notes = plan.notes;
    this.#jobs = new JobQueue((error) => log.error({ err: error }, 'a job failed: a bug'));
    this.#learning = new Learning({
      index: pipeline.index,
      settings: config.settings,
      aging: config.macTable.aging,
      maxEntries: config.macTable.maxEntries,
    });
    this.#session = new P4rtSession({
      address: config.target.address,
      tls: options.tls ?? null,
      deviceId: config.target.deviceId,
      electionId: config.target.electionId,
      random: options.random,
      handlers: {
        onPhase: (phase, reason) => this.#onPhase(phase, reason),
        onDigest: (list) => this.#onDigest(list),
        onPacketIn: (packet) => this.#ptp.onPacketIn(packet),
        onLinks: (links) => this.#ptp.onLinks(links),
        onStreamError: (error) => log.warn({ message: error.message }, 'the switch complains'),
      },
    });
    this.#ptp = createPtpService({
      settings: config.settings,
      index: pipeline.index,
      capabilities: options.target.capabilities,
      send: (payload, metadata) => this.#isPrepared && this.#session.sendPacket(payload, metadata),
      write: (updates) => this.#jobs.run(() => this.#update(updates)),
      now,
      random: options.random,
      log,
      messageCounts: () => this.#messageCounts(),
      followers: config.followers,
    });
    this.#statistics = new StatisticsReader(
      pipeline.index,
      config.settings.ports.length,
      (entities) => this.#session.read(entities),
      now,
    );
  }

  /** Errors: the configuration does not fit the target or its pipeline. */
  static create(options: AgentOptions): Result<Agent> {
    const { config, pipeline, target } = options;
    const plan = makePlan(config, target, pipeline);
    return plan.ok ? success(new Agent(options, plan.value)) : plan;
  }

  start(): void {
    for (const note of this.#notes) this.#options.log.warn(note);
    this.#session.start();
    this.#aging = setInterval(() => {
      if (this.#ready) {
        this.#jobs.add(() => this.#write(this.#learning.aged(this.#options.now())));
      }
    }, AGING_PERIOD_MS);
  }

  /**
   * Goes on with another configuration; nothing is disturbed that does not change. Errors: it does not
   * fit the target, or changes what only another agent can take; then the old one goes on as it was.
   */
  configure(config: AgentConfig): Result<readonly string[]> {
    const { target, pipeline } = this.#options;
    const keys = restartKeys(this.#config, config);
    if (keys.length > 0) {
      return failure('restart-needed', `the agent has to be started anew for ${keys.join(', ')}`);
    }
    const plan = makePlan(config, target, pipeline);
    if (!plan.ok) return plan;
    this.#config = config;
    this.#desired = plan.value.desired;
    this.#notes = plan.value.notes;
    this.#ptp.configure(config.settings);
    this.#jobs.add(() => this.#synchronise());
    return success(this.#notes);
  }

  /** Leaves the switch as it is: it goes on forwarding and correcting. */
  async stop(): Promise<void> {
    if (this.#aging !== null) clearInterval(this.#aging);
    this.#cancelResync();
    await this.#ptp.stop();
    this.#session.stop();
    await this.#jobs.idle();
  }

  #onPhase(phase: ArbitrationPhase, reason: string): void {
    const { log } = this.#options;
    const config = this.#config;
    const news = phase !== this.#phase || reason !== this.#reason;
    this.#repeated = news ? 0 : this.#repeated + 1;
    this.#phase = phase;
    this.#reason = reason;
    this.#ready = false;
    this.#isPrepared = false;
    this.#cancelResync();
    if (phase === 'primary') {
      log.info({ target: config.target.address }, 'primary controller of the switch');
      this.#jobs.add(() => this.#synchronise());
    } else if (phase !== 'stopped' && this.#repeated % REPEAT_LOSS === 0) {
      const doing = phase === 'backup' ? 'waiting to become primary' : 'trying again';
      log.warn({ target: config.target.address }, `${reason}; ${doing}`);
    }
  }

  /** Makes the switch what the configuration and the learned addresses ask for. */
  async #synchronise(): Promise<void> {
    if (this.#phase !== 'primary') return;
    const { pipeline, log, now } = this.#options;
    const prepared = await preparePipeline(this.#session, pipeline);
    if (!prepared.ok) {
      this.#failed(prepared.error.message);
      return;
    }
    if (prepared.value.pushed) {
      this.#pushes += 1;
      this.#statistics.forget();
      log.info({ pipeline: pipeline.name }, 'pipeline pushed');
    } else if (!this.#synchronised) {
      const adopted = this.#learning.adopt(prepared.value.actual, now());
      log.info({ pipeline: pipeline.name, adopted }, 'the switch runs our pipeline already');
    }
    this.#isPrepared = true;
    this.#ptp.onPrepared(prepared.value);
    const desired = [
      ...withMeasured(this.#desired, this.#ptp.entities()),
      ...this.#learning.entities(),
    ];
    const updates = updatesFor(desired, prepared.value);
    const written = await writeUpdates(this.#session, updates);
    if (!written.ok) {
      this.#failed(written.error.message);
      return;
    }
    const [refused] = written.value;
    if (refused !== undefined) {
      const others = written.value.length - 1;
      this.#failed(`the switch refuses ${refusalText(refused)} (and ${others} more)`);
      return;
    }
    this.#synchronised = true;
    this.#entries = desired.length;
    this.#becomeReady(updates.length);
  }

  #becomeReady(updates: number): void {
    if (this.#phase !== 'primary') return;
    this.#ready = true;
    this.#reason = '';
    this.#options.log.info({ entries: this.#entries, updates }, 'ready');
    this.#ptp.start();
    if (this.#options.target.capabilities.linkNotices) this.#session.watchLinks();
    this.#options.onReady();
  }

  /** Something did not work though the switch is there: say so, and try again. */
  #failed(message: string): void {
    if (this.#phase !== 'primary') return;
    this.#ready = false;
    this.#reason = message;
    this.#options.log.error(`${message}; trying again`);
    this.#resync ??= setTimeout(() => {
      this.#resync = null;
      this.#jobs.add(() => this.#synchronise());
    }, RESYNC_MS);
  }

  #cancelResync(): void {
    if (this.#resync !== null) clearTimeout(this.#resync);
    this.#resync = null;
  }

  #onDigest(list: DigestList): void {
    this.#digests.received += 1;
    if (this.#jobs.waiting >= MAX_WAITING) {
      this.#digests.postponed += 1;
      return;
    }
    if (this.#ptp.onDigest(list)) {
      this.#session.acknowledgeDigest(list);
      return;
    }
    this.#jobs.add(async () => {
      if (this.#phase !== 'primary') return;
      await this.#write(this.#learning.heard(list, this.#options.now()));
      this.#session.acknowledgeDigest(list);
    });
  }

  /** Entries that have changed; settled as inserts where they are new. Without a switch they wait for the next one. */
  async #update(updates: readonly Update[]): Promise<void> {
    if (!this.#ready) return;
    const written = await writeUpdates(this.#session, updates);
    if (!written.ok) {
      this.#failed(written.error.message);
      return;
    }
    for (const refused of written.value) {
      this.#options.log.warn(`an entry was not taken: ${refusalText(refused)}`);
    }
  }

  async #write(updates: readonly StationUpdate[]): Promise<void> {
    const written = await writeUpdates(
      this.#session,
      updates.map(({ update }) => update),
    );
    if (!written.ok) {
      this.#failed(written.error.message);
      return;
    }
    for (const refused of written.value) {
      this.#options.log.warn(`an address was not taken: ${refusalText(refused)}`);
      const about = updates.find(({ update }) => update.entity === refused.update.entity);
      if (about !== undefined) this.#learning.table.forget(about.station);
    }
  }

  /** Everything that is known now; asks the switch for its counters. */
  async status(): Promise<AgentStatus> {
    const read = this.#ready ? await this.#currentStatistics() : null;
    if (read?.ok === true) this.#lastStatistics = read.value;
    if (read?.ok === false)
      this.#options.log.warn(`counters cannot be read: ${read.error.message}`);
    const { table, undecodable } = this.#learning;
    return agentStatus({
      ...this.#options,
      config: this.#config,
      ready: this.#ready,
      phase: this.#phase,
      reason: this.#reason,
      notes: this.#notes,
      pushes: this.#pushes,
      entries: this.#desired.length + 2 * table.size,
      macTable: { ...table.counters, entries: table.size, maxEntries: table.capacity },
      digests: { ...this.#digests, undecodable },
      ptp: this.#ptp.status(),
      sentByAgent: (port) => this.#ptp.sent(port),
      statistics: this.#lastStatistics,
      countersCurrent: read?.ok === true,
    });
  }

  /** By port number; null: the switch does not say. */
  async #messageCounts(): Promise<ReadonlyMap<number, MessageCounts> | null> {
    const read = this.#ready ? await this.#currentStatistics() : null;
    if (read?.ok !== true) return null;
    const { ports } = this.#config.settings;
    return new Map(
      read.value.ports.flatMap(({ counters }, slot) => {
        const port = ports[slot];
        return port === undefined ? [] : [[portValue(port.number), counters.messages]];
      }),
    );
  }

  /** What the switch says, unless it takes longer than anybody waits for a status. */
  async #currentStatistics(): Promise<Result<Statistics>> {
    const late = new AbortController();
    const tooLate = delay(STATISTICS_LIMIT_MS, null, { signal: late.signal }).then(
      () => failure('statistics-late', `no answer in ${STATISTICS_LIMIT_MS} ms`),
      () => failure('statistics-late', 'not needed'),
    );
    const read = await Promise.race([this.#statistics.current(), tooLate]);
    late.abort();
    return read;
  }
}

/** What was measured, in place of the value that the configuration starts with. */
function withMeasured(desired: readonly Entity[], measured: readonly Entity[]): Entity[] {
  const entities = new Map<string, Entity>();
  for (const entity of [...measured, ...desired]) {
    const key = entityKey(entity);
    if (!entities.has(key)) entities.set(key, entity);
  }
  return [...entities.values()];
}
