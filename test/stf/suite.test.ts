/** One small program for each part of v1model, with its test: see programs/. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '#binding/paths';
import { parseP4Info } from '#server/program/p4info-file';
import { parseStf } from '#server/stf/parse';
import type { StfReport } from '#server/stf/run';
import { runStf } from '#server/stf/run';

const PROGRAMS = new URL('programs/', import.meta.url);
/** Compiled pipelines stay here from one run to the next. */
const pipelineCache = join(packageRoot, 'build', 'test', 'pipelines');

const read = (name: string): string => readFileSync(new URL(name, PROGRAMS), 'utf8');

async function run(name: string, text: string): Promise<StfReport> {
  const info = parseP4Info(read(`artefacts/${name}.p4info.txtpb`));
  const test = parseStf(text);
  if (!info.ok) throw new Error(`${name}.p4info.txtpb:${info.line}: ${info.message}`);
  if (!test.ok) throw new Error(`${name}.stf:${test.problem.line}: ${test.problem.message}`);
  const deviceConfig = Buffer.from(read(`artefacts/${name}.json`));
  const ran = await runStf({ info: info.info, deviceConfig, pipelineCache }, test.value);
  if (!ran.ok) throw new Error(ran.message);
  return ran.value;
}

const tests = readdirSync(PROGRAMS)
  .filter((name) => name.endsWith('.stf'))
  .map((name) => name.slice(0, -'.stf'.length));

describe('our own STF suite', { timeout: 60_000 }, () => {
  it.concurrent.each(tests)('%s', async (name) => {
    const { problems, framesIn, framesOut } = await run(name, read(`${name}.stf`));
    expect(problems.map(({ line, message }) => `${name}.stf:${line}: ${message}`)).toEqual([]);
    expect(framesIn).toBeGreaterThan(5);
    expect(framesOut).toBeGreaterThan(3);
  });
});

describe('an assertion that fails', { timeout: 60_000 }, () => {
  const failing = (what: string, count = '00') => `packet 0 ${what} ${count} 00 aabb`;
  const messages = async (...lines: string[]): Promise<string[]> => {
    const { problems } = await run('assertions', lines.join('\n'));
    return problems.map(({ line, message }) => `${line}: ${message}`);
  };

  it('ends the frame, in ingress and in egress, and is told', async () => {
    const all = await messages('mirroring_add 5 3', failing('02'), failing('03'), failing('04'));
    expect(all.map((message) => message.slice(0, 23))).toEqual([
      '2: an assertion; assume',
      '3: an assertion; assume',
      '4: an assertion; assume',
    ]);
    expect(all[0]).toContain('assert at assertions.p4(');
    expect(all[0]).toMatch(/ failed$/);
  });

  it('ends the clones that it asked for, and nothing before it is taken back', async () => {
    const { problems, readings, framesOut, framesElsewhere } = await run(
      'assertions',
      [
        'mirroring_add 5 3',
        failing('03'),
        failing('04'),
        failing('00', '64'),
        'register_read seen 0',
      ].join('\n'),
    );
    expect(problems.map(({ line }) => line)).toEqual([2, 3, 4]);
    expect([framesOut, framesElsewhere]).toEqual([0, 0]);
    // What came after it did not happen.
    expect(readings).toEqual([{ line: 5, text: expect.stringMatching(/\b100\b/) as string }]);
  });
});

describe('a test that is wrong', { timeout: 60_000 }, () => {
  const messages = async (...lines: string[]): Promise<string[]> => {
    const { problems } = await run('tables', lines.join('\n'));
    return problems.map(({ line, message }) => `${line}: ${message.split('\n')[0] ?? ''}`);
  };

  it('is told what differs, is missing or too much, and where', async () => {
    expect(
      await messages(
        'packet 0 00 00000003 00',
        'expect 1 00 00000003 98',
        'packet 0 00 00000004 00',
        'expect 2',
      ),
    ).toEqual([
      '2: port 1, frame 1: octet 5 differs',
      '2: port 1, frame 2: not expected',
      '4: port 2, frame 1: no frame left',
    ]);
  });

  it.each([
    ['add nowhere f.key:1 say(what:1)', /^1: there is no table 'nowhere': ingress\.exactly, /],
    ['add exactly f.kye:1 say(what:1)', /^1: there is no key of table 'ingress\.exactly' called/],
    ['add exactly f.key:1 valid:1 shout(what:1)', /^1: there is no action of table .* called/],
    ['add exactly f.key:1 valid:1 say(how:1)', /^1: action 'say' has no parameter 'how'/],
    ['add exactly f.key:1 say(what:1)', /^1: .*the exact field .* is not given/],
    [
      'add exactly f.key:1 valid:2 say(what:1)',
      /^1: '2' is no value of key 'valid': it has 1 bits/,
    ],
    ['add masked f.key:1 say(what:1)', /^1: entries of table 'masked' need a priority/],
    [
      'add exactly f.key:1 valid:1 say(what:256)',
      /^1: action 'ingress\.say'.* does not fit 8 bits/,
    ],
    ['add fixed 3 octet:1 say(what:1)', /^1: .*const/],
    ['mc_node_associate 1 0', /^1: there is no node 0/],
    ['mirroring_get 3', /^1: there is no clone session 3/],
    ['check_counter hits(A)', /^1: no entry is called 'A'/],
    ['register_read cells 0', /^1: there is no register 'cells': none/],
  ])('%s', async (line, message) => {
    const [first = 'nothing', ...others] = await messages(line);
    expect(first).toMatch(message);
    expect(others).toEqual([]);
  });
});
