/**
 * The P4Runtime service with an engine that keeps state and forwards nothing, and the pipelines that a
 * config asks for, translated but not compiled: a switch that costs milliseconds.
 */
import { compilePipeline } from '#compiler/compile';
import type { PipelineLayout } from '#compiler/layout';
import type { EngineMessage, EnginePort } from '#server/engine-port';
import type { Outcome } from '#server/errors';
import { done, invalid } from '#server/errors';
import type { BuiltPipeline, PipelineBuilder } from '#server/config/pipeline-config';
import { P4RuntimeService } from '#server/service';
import { ShadowEngine } from '#server/state/shadow-engine';

export const DEVICE_ID = 1n;
export const CPU_PORT = 510;

const NOTHING: PipelineLayout = {
  ...{ abiVersion: 0, program: '', tables: [], actions: [], profiles: [], valueSets: [] },
  ...{ counters: [], meters: [], registers: [], digests: [] },
  ...{ assertions: [], logMessages: [], headerTypes: [] },
};

/** Translating takes most of the time, and most inputs leave the program as it was. */
const known = new Map<string, Outcome<BuiltPipeline>>();
const layouts = new Map<string, PipelineLayout>();
const MOST_KNOWN = 64;

const builder: PipelineBuilder = {
  build: (deviceConfig) => {
    const key = Buffer.from(deviceConfig).toString('latin1');
    let built = known.get(key);
    if (built === undefined) {
      const compiled = compilePipeline(deviceConfig);
      if (known.size > MOST_KNOWN) known.clear();
      const sharedObject = `/pipelines/${layouts.size}.so`;
      if (compiled.ok) layouts.set(sharedObject, compiled.value.layout);
      built = compiled.ok
        ? done({ sharedObject, layout: compiled.value.layout })
        : invalid('p4_device_config is no program');
      known.set(key, built);
    }
    return Promise.resolve(built);
  },
};

/** A shadow engine for whatever pipeline is loaded. */
function shadowEngine(): { engine: EnginePort; says: (message: EngineMessage) => void } {
  let current = new ShadowEngine(NOTHING);
  let listener: (message: EngineMessage) => void = () => undefined;
  const ok = { ok: true, value: undefined } as const;
  const own: Partial<EnginePort> = {
    load: (sharedObject) => {
      current = new ShadowEngine(layouts.get(sharedObject) ?? NOTHING);
      return ok;
    },
    held: (act) => act(),
    packetOut: () => ok,
    onMessage: (heard) => {
      listener = heard;
    },
  };
  // Whatever else a server asks an engine for, the shadow of the loaded pipeline answers.
  const engine = new Proxy(own, {
    get: (_, name) => {
      const mine: unknown = Reflect.get(own, name);
      if (mine !== undefined) return mine;
      const found: unknown = Reflect.get(current, name);
      return typeof found === 'function' ? (found.bind(current) as unknown) : found;
    },
  }) as EnginePort;
  return { engine, says: (message) => listener(message) };
}

export interface ShadowSwitch {
  readonly service: P4RuntimeService;
  /** The dataplane says something. */
  readonly says: (message: EngineMessage) => void;
}

export function shadowSwitch(): ShadowSwitch {
  const { engine, says } = shadowEngine();
  const service = new P4RuntimeService({
    ...{ deviceId: DEVICE_ID, cpuPort: CPU_PORT, engine, builder },
    links: () => new Map([[1, true]]),
    // Time stands still: what comes later is not this input's.
    clock: { steadyNs: () => 0n, wallNs: () => 0n, after: () => () => undefined },
  });
  return { service, says };
}
