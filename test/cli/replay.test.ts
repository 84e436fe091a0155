/** `timeplane replay` with the shipped program: files in, files out. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '#binding/paths';
import { readPcap, writePcap } from '#server/replay/pcap';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { programP4Info } from '../support/program.js';

const MAIN = join(packageRoot, 'dist', 'control-plane', 'cli', 'main.js');
const artefact = (name: string) => join(packageRoot, 'p4', 'artefacts', name);
const folder = mkdtempSync(join(tmpdir(), 'timeplane-replay-'));
const file = (name: string) => join(folder, name);
const why = existsSync(MAIN) ? '' : ': needs the build (npm run build)';

const START_NS = 1_700_000_000_000_000_000n;
const GAP_NS = 1_000n;
const FRAMES = 20;
const FRAME_OCTETS = 100;

/** An id of the P4Info, by the end of its name. */
function idOf(kind: 'tables' | 'actions', name: string): number {
  const found = programP4Info()[kind].find(({ preamble }) => preamble?.name.endsWith(name));
  if (found?.preamble === undefined) throw new Error(`no ${name}`);
  return found.preamble.id;
}

const base64 = (value: number) => Buffer.from([value >> 8, value & 255]).toString('base64');

/** An INSERT in protobuf JSON: exact values of fields 1, 2, …, and parameters 1, 2, …. */
function insert(table: string, keys: number[], action: string, params: number[]): object {
  return {
    type: 'INSERT',
    entity: {
      tableEntry: {
        tableId: idOf('tables', table),
        match: keys.map((key, i) => ({ fieldId: i + 1, exact: { value: base64(key) } })),
        action: {
          action: {
            actionId: idOf('actions', action),
            params: params.map((param, i) => ({ paramId: i + 1, value: base64(param) })),
          },
        },
      },
    },
  };
}

function bridge(): object {
  const ports = [1, 2].flatMap((port) => [
    insert('admit_port.port', [port], 'set_port', [0, port, 0, 0]),
    insert('vlan_admission', [port, 0, 0], 'admit_vlan.admit', [1]),
    insert('vlan_delivery', [port, 1], 'send_untagged', [0, port]),
  ]);
  return { updates: [...ports, insert('destination_mac', [1, 2], 'forward_to', [2])] };
}

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function replay(...options: string[]): Promise<Outcome> {
  const program = ['--pipeline', artefact('main_native.json')];
  const p4info = ['--p4info', artefact('main_native.p4info.json')];
  const cache = ['--pipeline-cache', file('cache')];
  const args = [MAIN, 'replay', ...program, ...p4info, ...cache, ...options];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: folder }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });
}

beforeAll(() => {
  const frames = Array.from({ length: FRAMES }, (_, i) => {
    const octets = Uint8Array.from({ length: FRAME_OCTETS }, (_octet, at) => (at + i) & 255);
    octets.set([0, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x12, 0x34]);
    return { octets, timeNs: START_NS + BigInt(i) * GAP_NS };
  });
  writeFileSync(file('in.pcap'), writePcap(frames));
  writeFileSync(file('entries.json'), JSON.stringify(bridge()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function output(name: string) {
  const read = readPcap(readFileSync(file(name)));
  if (!read.ok) throw new Error(read.message);
  return read.frames;
}

describe.skipIf(why !== '')(`timeplane replay${why}`, { timeout: 60_000 }, () => {
  const ports = ['--port', '1=in.pcap', '--port', '2'];

  it('forwards the frames of a file, unshaped, at the instants at which they came', async () => {
    const { code, out, err } = await replay('--entries', 'entries.json', ...ports);
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toContain(`port 1: ${FRAMES} in, 0 out`);
    expect(out).toContain(`port 2: 0 in, ${FRAMES} out`);
    expect(output('replayed/port2.pcap')).toEqual(output('in.pcap'));
  });

  it('spaces them as the rate of the queue says, exactly, and the same again', async () => {
    const shaped = ['--queue', '2:rate=100Mbit,overhead=24', '--entries', 'entries.json'];
    expect((await replay(...shaped, ...ports, '--out', 'a')).code).toBe(0);
    expect((await replay(...shaped, ...ports, '--out', 'b')).code).toBe(0);
    const sent = output('a/port2.pcap');
    expect(sent).toHaveLength(FRAMES);
    const frameNs = BigInt((FRAME_OCTETS + 24) * 8 * 10);
    const gaps = sent.slice(1).map(({ timeNs }, i) => timeNs - (sent[i]?.timeNs ?? 0n));
    expect(new Set(gaps)).toEqual(new Set([frameNs]));
    expect(readFileSync(file('b/port2.pcap'))).toEqual(readFileSync(file('a/port2.pcap')));
  });

  it('drops everything without entries, and says so', async () => {
    const { out } = await replay(...ports, '--out', 'none');
    expect(out).toContain('port 2: 0 in, 0 out');
    expect(out).toContain(`droppedByProgram: ${FRAMES}`);
  });

  it.each([
    ['--port 1=missing.pcap', 'cannot read missing.pcap'],
    ['--port 1=entries.json', 'entries.json: not a pcap file'],
    ['--entries in.pcap', 'in.pcap is no WriteRequest'],
    ['--pipeline in.pcap', 'error: in.pcap: NOT_JSON'],
    ['--p4info in.pcap', 'in.pcap is no P4Info'],
    ['--queue 2:rate=1Mbit', 'no such port'],
    ['--out in.pcap', 'cannot make the directory in.pcap'],
  ])('refuses %s with what is wrong', async (options, text) => {
    const { code, err } = await replay(...options.split(' '));
    expect(err).toContain(text);
    expect(err).not.toMatch(/^\s+at .+:\d+:\d+\)?$/m);
    expect(code).toBe(1);
  });
});
