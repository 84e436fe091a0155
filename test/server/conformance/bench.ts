/** Servers to put to the specification: ours on the real engine, and simple_switch_grpc. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { Engine } from '#binding/engine';
import { nativeBuilder } from '#server/config/native-builder';
import type { PipelineBuilder } from '#server/config/pipeline-config';
import { engineLibrary, must } from '../../engine/harness.js';
import { Program } from '../../support/sandbox.js';
import { freePort } from '#lab/peers/free-port';
import { BMV2, reaches } from '../bmv2.js';
import { Controller, serve } from '../conversation.js';
import type { Bench } from './clause.js';
import { Deviation, failure } from './deviation.js';
import { answerOf, configOf, requestFrame, type Request } from './program.js';

export interface OpenBench extends Bench {
  readonly close: () => Promise<void>;
}

/** Starts servers of one kind, each as new. */
export interface Workshop {
  readonly start: () => Promise<OpenBench>;
  readonly end: () => void;
}

const ANSWER_MS = 3000;

async function asks(
  controller: Controller,
  request: Request,
  replies = 1,
  payload = requestFrame(request),
): Promise<number[]> {
  const metadata = [
    { metadataId: 1, value: Uint8Array.of(0) },
    { metadataId: 2, value: Uint8Array.of(0) },
  ];
  controller.says({ case: 'packet', value: { payload, metadata } });
  const answers: number[] = [];
  while (answers.length < replies) {
    const heard = await controller.hears(ANSWER_MS);
    if (typeof heard === 'string' || Array.isArray(heard)) {
      throw failure(`no packet-in came, but ${String(heard)}`);
    }
    if (heard.case === 'packet') answers.push(answerOf(heard.value.payload));
    else if (heard.case === 'error') throw failure(`a stream error came: ${heard.value.message}`);
  }
  return answers;
}

function benchOn(makeController: (electionId: bigint) => Controller): Bench {
  const controller = (electionId = 1n) => makeController(electionId);
  return {
    controller,
    ready: async (electionId = 1n) => {
      const primary = await controller(electionId).becomesPrimary();
      const answer = await primary.commits(configOf());
      if (answer !== 'OK') throw failure(`the pipeline is refused: ${primary.lastError}`);
      return primary;
    },
    asks,
  };
}

/** Builds each program once. */
function remembering(builder: PipelineBuilder): PipelineBuilder {
  const built = new Map<string, ReturnType<PipelineBuilder['build']>>();
  return {
    build: (deviceConfig) => {
      const key = Buffer.from(deviceConfig).toString('latin1');
      const known = built.get(key) ?? builder.build(deviceConfig);
      built.set(key, known);
      return known;
    },
  };
}

/** Our server over the engine with its packet loop; ports 1 to 3 are memory. */
export function ourWorkshop(): Workshop {
  const cache = mkdtempSync(join(tmpdir(), 'timeplane-conformance-'));
  const builder = remembering(nativeBuilder(cache));
  return {
    start: async () => {
      const engine = must(Engine.open({ library: await engineLibrary() }));
      for (const port of [1, 2, 3]) must(engine.addMemoryPort(port));
      must(engine.start());
      const device = await serve(engine, builder);
      const close = async (): Promise<void> => {
        try {
          await device.close();
        } finally {
          engine.close();
        }
      };
      return { ...benchOn(device.controller), close };
    },
    end: () => rmSync(cache, { recursive: true, force: true }),
  };
}

/** simple_switch_grpc, one process for each clause. */
export function bmv2Workshop(): Workshop {
  return {
    start: async () => {
      const [port, thrift] = [await freePort(), await freePort()];
      const program = new Program([
        ...[BMV2, '--no-p4', '--device-id', '1', '--thrift-port', String(thrift), '--'],
        ...['--grpc-server-addr', `127.0.0.1:${port}`, '--cpu-port', '510'],
      ]);
      await vi.waitFor(() => reaches(port), { timeout: 20_000, interval: 20 });
      const controllers: Controller[] = [];
      const bench = benchOn((electionId) => {
        const controller = new Controller(port, electionId);
        controllers.push(controller);
        return controller;
      });
      const close = async (): Promise<void> => {
        for (const controller of controllers) controller.hangsUp();
        await program.end('SIGKILL');
        // Of anything else it had died before, or was about to.
        if (program.process.signalCode !== 'SIGKILL') throw new Deviation('the switch ended');
      };
      return { ...bench, close };
    },
    end: () => undefined,
  };
}
