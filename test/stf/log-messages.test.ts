/** What programs log, as simple_switch writes it. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '#binding/paths';
import { hasProgram } from '#lab/namespaces/sandbox';
import { parseP4Info } from '#server/program/p4info-file';
import { writePcap } from '#server/replay/pcap';
import { parseStf } from '#server/stf/parse';
import type { StfReport } from '#server/stf/run';
import { runStf } from '#server/stf/run';

const PROGRAMS = join(packageRoot, 'test', 'stf', 'programs');
const JSON_FILE = join(PROGRAMS, 'artefacts', 'log_messages.json');
const pipelineCache = join(packageRoot, 'build', 'test', 'pipelines');

function statements() {
  const test = parseStf(readFileSync(join(PROGRAMS, 'log_messages.stf'), 'utf8'));
  if (!test.ok) throw new Error(test.problem.message);
  return test.value;
}

async function run(): Promise<StfReport> {
  const text = readFileSync(join(PROGRAMS, 'artefacts', 'log_messages.p4info.txtpb'), 'utf8');
  const info = parseP4Info(text);
  if (!info.ok) throw new Error(info.message);
  const deviceConfig = readFileSync(JSON_FILE);
  const ran = await runStf({ info: info.info, deviceConfig, pipelineCache }, statements());
  if (!ran.ok) throw new Error(ran.message);
  return ran.value;
}

describe('what a program logs', { timeout: 60_000 }, () => {
  let report: StfReport;
  beforeAll(async () => {
    report = await run();
  });

  const said = (line: number): string[] =>
    report.messages.filter((one) => one.line === line).map(({ text }) => text);

  it('are numbers of every type, from every block, in order', () => {
    expect(said(2)).toEqual([
      'by port 3',
      'what=1',
      'only this',
      'frame (what:1,signed:-1,address:255)',
      'valid 1 larger 0 error 0',
      'sum 0 difference -128',
      'kind 1 error 1',
      'argument 7 to port 1',
      'carried 9 to port 1',
      'sent with what=2',
    ]);
  });

  it('are arguments of actions', () => {
    expect(said(5)).toContain('argument 65535 to port 2');
  });

  it('may have braces, and anything between them', () => {
    expect(said(8)).toContain('not {this}: 3\n127');
  });

  it('are as wide as fields are', () => {
    const [bits, wide] = [(1n << 128n) - 1n, (1n << 199n) + 1n];
    expect(said(14)).toEqual(
      expect.arrayContaining([
        `large (bits:${bits},signed:${-(1n << 63n)},wide:${wide})`,
        `joined ${(bits << 48n) + 1n}`,
      ]),
    );
  });

  it('come though the parser gave up', () => {
    expect(said(17)).toEqual([
      'by port 0',
      'what=5',
      'argument 7 to port 1',
      'carried 9 to port 1',
      'sent with what=6',
    ]);
    expect(report.messagesLeftOut).toBe(0);
  });
});

describe.skipIf(!hasProgram('simple_switch'))('beside simple_switch', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'timeplane-log-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** What it says of the frames, until it has said `count` things. */
  function listen(count: number): Promise<string[]> {
    const ports = [0, 1, 2, 3, 4].flatMap((number) => [
      '-i',
      `${number}@${join(folder, `p${number}`)}`,
    ]);
    const others = ['--thrift-port', '0', '--log-console'];
    const child = spawn('simple_switch', ['--use-files', '0', ...ports, ...others, JSON_FILE]);
    return new Promise((resolve, reject) => {
      let text = '';
      child.on('error', reject);
      child.on('exit', () => resolve(messagesIn(text)));
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (messagesIn(text).length >= count) child.kill();
      });
    });
  }

  /** Without its own, which are of its ports and its servers. */
  function messagesIn(text: string): string[] {
    return text
      .split(/^\[[\d:.]+\] (?=\[bmv2\])/m)
      .flatMap((part) => /^\[bmv2\] \[I\] \[thread \d+\] (.*)\n$/s.exec(part)?.[1] ?? [])
      .filter((line) => !/Thrift|^Adding/.test(line));
  }

  it('says the same, word for word', async () => {
    const frames = statements().flatMap((one) => (one.kind === 'packet' ? [one] : []));
    for (const port of [0, 1, 2, 3, 4]) {
      const own = frames.filter((frame) => frame.port === port);
      const pcap = writePcap(own.map(({ octets }) => ({ octets, timeNs: 0n })));
      writeFileSync(join(folder, `p${port}_in.pcap`), pcap);
    }
    const { messages } = await run();
    const ours = messages.map(({ text }) => text);
    const theirs = await listen(ours.length);
    // Its ports are read beside each other, and so are its ingress and its egress.
    expect(theirs.sort()).toEqual(ours.sort());
  });
});
