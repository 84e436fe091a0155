/** The agent as a process: everything that touches the world, put together. */
import { pino, type Logger } from 'pino';
import type { SessionTls } from '#p4rt/session';
import { TARGETS } from '#p4rt/targets/targets';
import { clockIdentityText } from '#units/clock-identity';
import { success, type Result } from '#units/result';
import { instant } from '#units/time';
import { Agent } from './agent.js';
import { loadPipeline } from './artefacts.js';
import { loadConfig, type AgentConfig } from './config.js';
import { formatConfigError } from './config-error.js';
import { makePlan } from './plan.js';
import { loadTls } from './tls-files.js';
import { startStatusServer } from './status-server.js';
import { productVersion } from './version.js';

export interface RunningAgent {
  /** Where the status is served. */
  readonly statusUrl: string;
  /** Reads and takes a configuration file; one with mistakes, or that cannot be taken, changes nothing. */
  readonly reload: (file: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Starts an agent and its status server. `onReady`: each time that the switch became ready. */
export async function runAgent(
  config: AgentConfig,
  onReady: (statusUrl: string) => void,
): Promise<Result<RunningAgent>> {
  const target = TARGETS[config.target.kind];
  const pipeline = await loadPipeline(target.capabilities.pipelineArtefact);
  if (!pipeline.ok) return pipeline;
  const tls = await tlsOf(config);
  if (!tls.ok) return tls;
  // Standard error: standard output is for the ready line alone.
  const log = pino({ level: config.logLevel, base: null }, pino.destination({ fd: 2, sync: true }));
  let statusUrl = '';
  const agent = Agent.create({
    config,
    target,
    pipeline: pipeline.value,
    tls: tls.value,
    log,
    version: productVersion(),
    now: () => instant(process.hrtime.bigint()),
    random: () => Math.random(),
    onReady: () => onReady(statusUrl),
  });
  if (!agent.ok) return agent;
  const server = await startStatusServer(config.status, () => agent.value.status());
  if (!server.ok) return server;
  const { host } = config.status;
  statusUrl = `http://${host.includes(':') ? `[${host}]` : host}:${server.value.port}/status.json`;
  agent.value.start();
  return success({
    statusUrl,
    reload: (file) => reload(agent.value, file, log),
    stop: async () => {
      await agent.value.stop();
      await server.value.close();
    },
  });
}

async function tlsOf({ target }: AgentConfig): Promise<Result<SessionTls | null>> {
  return target.tls === null ? success(null) : loadTls(target.tls);
}

async function reload(agent: Agent, file: string, log: Logger): Promise<void> {
  const loaded = await loadConfig(file);
  if (!loaded.ok) {
    for (const error of loaded.errors) log.error(formatConfigError(error));
    log.error(`${file} was not taken: the configuration is as it was`);
    return;
  }
  const taken = agent.configure(loaded.value);
  if (!taken.ok) {
    log.error(`${file} was not taken, the configuration is as it was: ${taken.error.message}`);
    return;
  }
  for (const note of taken.value) log.warn(note);
  log.info(`${file} was taken`);
}

/** What `--check` tells of a configuration that is good: it is built, but nothing is sent. */
export interface CheckedPlan {
  readonly summary: string;
  readonly notes: readonly string[];
}

export async function describePlan(config: AgentConfig): Promise<Result<CheckedPlan>> {
  const target = TARGETS[config.target.kind];
  const { pipelineArtefact } = target.capabilities;
  const pipeline = await loadPipeline(pipelineArtefact);
  if (!pipeline.ok) return pipeline;
  const tls = await tlsOf(config);
  if (!tls.ok) return tls;
  const plan = makePlan(config, target, pipeline.value);
  if (!plan.ok) return plan;
  const { clock, ports } = config.settings;
  const { desired, notes } = plan.value;
  const counts = new Map<string, number>();
  for (const { ptp } of ports) counts.set(ptp, (counts.get(ptp) ?? 0) + 1);
  const counted = [...counts].map(([mode, count]) => `${count} ${mode}`).join(', ');
  const summary =
    `${ports.length} ports (${counted}), clock ${clockIdentityText(clock.identity)}, ` +
    `${desired.length} entities for ${pipelineArtefact} at ${config.target.address}`;
  return success({ summary, notes });
}
