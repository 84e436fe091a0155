import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { unhex } from '#lab/bench/frames';
import { writePcap } from '#server/replay/pcap';
import type { ExchangeVector } from './exchanges.js';
import type { Vector } from './generate.js';
import { Frame, Ptp } from './reference-clock/anatomy.js';
import { VECTOR_PLAN, VirtualSwitch } from './virtual-switch.js';

/** tshark's version, or null where it cannot be run. */
function tsharkVersion(): string | null {
  try {
    return execFileSync('tshark', ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .split('\n')[0] as string;
  } catch {
    return null;
  }
}

const version = tsharkVersion();
const FIELDS = ['ptp.v2.correction.ns', 'udp.checksum.status', '_ws.malformed', 'frame.time_epoch'];

interface Dissected {
  readonly correctionNs: string;
  readonly checksumStatus: string;
  readonly malformed: string;
  readonly epoch: string;
}

async function dissect(file: string): Promise<Dissected[]> {
  const { stdout } = await promisify(execFile)(
    'tshark',
    [
      ...['-n', '-r', file, '-o', 'udp.check_checksum:TRUE', '-T', 'fields', '-E', 'occurrence=f'],
      ...FIELDS.flatMap((field) => ['-e', field]),
    ],
    { maxBuffer: 1 << 26 },
  );
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [correctionNs = '', checksumStatus = '', malformed = '', epoch = ''] = line.split('\t');
      return { correctionNs, checksumStatus, malformed, epoch };
    });
}

/** What the switch sends for the vectors, in order. */
async function sentFor(vectors: readonly Vector[]): Promise<{ frame: Uint8Array; tx: bigint }[]> {
  const device = await VirtualSwitch.open('main_native', VECTOR_PLAN);
  const sent = vectors.flatMap((one) =>
    device.pass(one.ingress, unhex(one.in), BigInt(one.rxNs), BigInt(one.txNs)),
  );
  device.close();
  return sent.map(({ frame, txTimeNs }) => ({ frame, tx: txTimeNs }));
}

/** correctionField as the standard reads it, whole nanoseconds, from the expected frame. */
function expectedNs(one: Vector): bigint {
  const frame = unhex(one.out ?? one.in);
  const tags = one.name.match(/8100|88a8/g)?.length ?? 0;
  const above = { l2: 0, ipv4: 28, ipv6: 48 }[one.name.split(' ')[1] ?? ''] ?? 0;
  return new DataView(frame.buffer).getBigInt64(14 + 4 * tags + above + 8) >> 16n;
}

const GOOD = '1';

describe(`tshark reads what the switch sends (${version ?? 'skipped: tshark is not installed'})`, () => {
  it.skipIf(version === null)('agrees on correctionField, checksum and form', async () => {
    const text = readFileSync(join(import.meta.dirname, 'correction.json'), 'utf8');
    const vectors = (JSON.parse(text) as Vector[])
      .filter((one, index) => index % 3 === 0 || one.name.includes('saturat'))
      .sort((a, b) => Number(BigInt(a.rxNs) - BigInt(b.rxNs)));
    const sent = await sentFor(vectors);
    expect(sent).toHaveLength(vectors.length);
    const directory = mkdtempSync(join(tmpdir(), 'timeplane-tshark-'));
    const file = join(directory, 'sent.pcap');
    writeFileSync(file, writePcap(sent.map(({ frame, tx }) => ({ octets: frame, timeNs: tx }))));
    const read = await dissect(file);
    rmSync(directory, { recursive: true });
    expect(read).toHaveLength(vectors.length);
    vectors.forEach((one, index) => {
      const row = read[index];
      expect(row?.malformed, one.name).toBe('');
      expect(BigInt.asIntN(64, BigInt(row?.correctionNs ?? '')), one.name).toBe(expectedNs(one));
      if (one.name.includes('valid') || one.name.includes('ones')) {
        expect(row?.checksumStatus, one.name).toBe(GOOD);
      }
    });
  });

  it.skipIf(version === null)('finds nothing wrong with what exchanges make', async () => {
    const text = readFileSync(join(import.meta.dirname, 'exchanges.json'), 'utf8');
    const sent = (JSON.parse(text) as ExchangeVector[]).flatMap(({ name, steps }) =>
      steps.flatMap((step) => step.out.map((out) => ({ name, octets: unhex(out.slice(2)) }))),
    );
    const directory = mkdtempSync(join(tmpdir(), 'timeplane-tshark-'));
    const file = join(directory, 'sent.pcap');
    writeFileSync(file, writePcap(sent.map(({ octets }) => ({ octets, timeNs: 1n }))));
    const read = await dissect(file);
    rmSync(directory, { recursive: true });
    expect(read).toHaveLength(sent.length);
    const wrong = sent.filter(({ name, octets }, index) => {
      const row = read[index];
      const isChecked = /ipv[46](?! without)/.test(name);
      const ptp = new Ptp(new Frame(octets));
      const field = ptp.correction >> 16n;
      // tshark takes an odd majorSdoId for 802.1AS, which wants a TLV in every Follow_Up; these
      // Syncs bring none along.
      const isGptp = ((ptp.sdoId >> 8) & 1) === 1;
      return (
        row === undefined ||
        (row.malformed !== '' && !isGptp) ||
        BigInt.asIntN(64, BigInt(row.correctionNs)) !== field ||
        (isChecked && row.checksumStatus !== GOOD)
      );
    });
    expect(wrong.map(({ name }) => name).slice(0, 3)).toEqual([]);
  });
});
