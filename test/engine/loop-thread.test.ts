/** The packet loop's thread, as the kernel tells of it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Engine } from '#binding/engine';
import { engineLibrary, must } from './harness.js';

const SCHED_OTHER = 0;
const SCHED_FIFO = 1;
const BEYOND_ALL = 1023;

interface Thread {
  readonly name: string;
  readonly processors: string;
  readonly policy: number;
}

function threads(): Thread[] {
  return readdirSync('/proc/self/task').map((id) => {
    const read = (file: string) => readFileSync(`/proc/self/task/${id}/${file}`, 'utf8');
    // The name in front may hold anything, blanks and parentheses too; the policy is field 41.
    const fields = read('stat').split(') ').at(-1)?.split(' ') ?? [];
    return {
      name: read('comm').trim(),
      processors: /^Cpus_allowed_list:\s*(\S+)$/m.exec(read('status'))?.[1] ?? '',
      policy: Number(fields[38]),
    };
  });
}

const isLoop = ({ name }: Thread) => name === 'timeplane-loop';
const loop = () => threads().find(isLoop);
const others = () => new Set(threads().flatMap((one) => (isLoop(one) ? [] : [one.processors])));

const count = Number(execFileSync('nproc', { encoding: 'utf8' }));
const first = Number.parseInt(threads()[0]?.processors ?? '0', 10);
const mayBeRealtime = spawnSync('chrt', ['--fifo', '1', 'true']).status === 0;

let engine: Engine;

beforeEach(async () => {
  engine = must(Engine.open({ library: await engineLibrary() }));
});
afterEach(() => {
  engine.close();
});

describe('the thread of the packet loop', () => {
  it('is an ordinary one, on any processor, unless told otherwise', () => {
    const before = [...others()];
    must(engine.start());
    expect(loop()).toMatchObject({ policy: SCHED_OTHER, processors: before[0] });
  });

  it.runIf(count > 1)('has a processor, and leaves the others to the rest of the process', () => {
    const before = others();
    must(engine.setLoop({ priority: 'normal', processor: first }));
    must(engine.start());
    expect(loop()).toMatchObject({ policy: SCHED_OTHER, processors: `${first}` });
    const [rest = '', ...more] = others();
    expect(more).toEqual([]);
    expect(rest.split(/[,-]/)).not.toContain(`${first}`);
    must(engine.stop());
    expect(others()).toEqual(before);
  });

  it('is a real-time thread where that is permitted, and does not start where it is not', () => {
    must(engine.setLoop({ priority: 'realtime', processor: null }));
    const started = engine.start();
    if (mayBeRealtime) expect(loop()).toMatchObject({ policy: SCHED_FIFO });
    else expect(started).toMatchObject({ ok: false, error: { code: 'NO_PERMISSION' } });
  });

  it('starts on no processor that is not there, and again on one that is', () => {
    must(engine.setLoop({ priority: 'normal', processor: BEYOND_ALL }));
    expect(engine.start()).toMatchObject({ ok: false, error: { code: 'OUT_OF_RANGE' } });
    expect(loop()).toBeUndefined();
    must(engine.setLoop({ priority: 'normal', processor: first }));
    must(engine.start());
    expect(loop()).toMatchObject({ processors: `${first}` });
  });

  it('is told before it starts', () => {
    must(engine.start());
    const told = engine.setLoop({ priority: 'normal', processor: null });
    expect(told).toMatchObject({ ok: false, error: { code: 'BAD_STATE' } });
  });
});
