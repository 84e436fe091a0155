import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { columnsFormat, writeColumns } from '#lab/instrument/columns';
import { measureResidence } from '#lab/instrument/measure-residence';
import { measureTime, type MeasureTimeOptions } from '#lab/instrument/measure-time';
import { jsonText, writeOutputs } from '#lab/instrument/outputs';
import { problemText } from '#lab/instrument/problem';
import { findMask } from '#lab/measure/masks/catalogue';
import { MESSAGE_TYPE } from '#wire/ptp-header';
import {
  at,
  ethernet,
  pcap,
  pcapng,
  ptpMessage,
  type Packet,
} from '../measure/capture/build-captures.js';
import { ptp4lLog, testFolder } from './files.js';

const { path, write } = testFolder();
const SILENT = { update: () => {}, done: () => {}, clear: () => {} };
const versions = { timeplane: '0.0.0', node: '20' };

const timeOptions = (file: string, more: Partial<MeasureTimeOptions> = {}): MeasureTimeOptions => ({
  ...{ file, log: {}, grid: {}, masks: [], confidence: 0.95, versions, command: 'timeplane' },
  metrics: ['oadev', 'tdev', 'mtie'],
  ...more,
});

const residenceOptions = (before: string, behind: string) => ({
  ...{ before, behind, versions, command: 'timeplane' },
  captures: { octets: 128, longestSeconds: 1 },
  floor: { clusterNs: 150, windowSeconds: 1 },
});

async function found<Kind>(measured: Promise<{ found: Kind | null }>): Promise<Kind> {
  const result = (await measured).found;
  if (result === null) throw new Error('nothing found');
  return result;
}

describe('a clock’s log', () => {
  it('gives a document that says all, and the same at every run', async () => {
    const file = write('good.log', ptp4lLog(20_000));
    const masks = ['g8273.2-a', 'g8271.1-c'].flatMap((id) => findMask(id) ?? []);
    const measure = () => found(measureTime(timeOptions(file, { masks }), SILENT));
    const { outputs, isBroken } = await measure();
    expect(isBroken).toBe(false);
    const document = JSON.parse(jsonText(outputs.document)) as Record<string, never>;
    expect(document).toMatchObject({
      kind: 'timeplane-measure-time',
      version: 1,
      versions,
      input: { format: 'ptp4l', lines: 20_000, readings: 20_000, firstNs: '100000000000' },
      problems: [],
      intervalSeconds: expect.closeTo(1 / 16, 6) as number,
      summary: { samples: 20_000, missing: 0, deviationNs: expect.closeTo(5, 0) as number },
      masks: [
        { id: 'g8273.2-a', edition: '2023, Amd. 2 (11/2025)' },
        { id: 'g8271.1-c', status: 'incomplete' },
      ],
    });
    expect(jsonText((await measure()).outputs.document)).toBe(jsonText(outputs.document));
  });

  it('that breaks a mask says so', async () => {
    const file = write('noisy.log', ptp4lLog(20_000, 60));
    const masks = [findMask('g8273.2-c')].flatMap((mask) => mask ?? []);
    const { isBroken, outputs } = await found(measureTime(timeOptions(file, { masks }), SILENT));
    expect(isBroken).toBe(true);
    expect(outputs.page.verdicts).toEqual([
      expect.objectContaining({
        isGood: false,
        text: expect.stringContaining('limit broken') as string,
      }),
    ]);
  });

  it('may be packed', async () => {
    const file = write('packed.log.gz', gzipSync(ptp4lLog(100)));
    const { outputs } = await found(measureTime(timeOptions(file), SILENT));
    expect(outputs.samples[1]?.values).toHaveLength(100);
  });

  it('that is broken in part keeps the rest, and names file, line and field', async () => {
    const lines = ptp4lLog(100).split('\n');
    lines[49] = 'ptp4l[103.062]: master offset abc s2 freq -1200 path delay 456';
    const file = write('broken.log', lines.join('\n'));
    const { problems, found: kept } = await measureTime(timeOptions(file), SILENT);
    expect(problems.map(problemText)).toEqual([`${file}:50: offset: 'abc' is no number`]);
    expect(kept?.outputs.page.warnings).toEqual([`${file}:50: offset: 'abc' is no number`]);
    const values = kept?.outputs.samples[1]?.values as Float64Array;
    expect(values).toHaveLength(100);
    expect([...values.keys()].filter((i) => Number.isNaN(values[i]))).toEqual([49]);
  });

  it('in which the clock goes backwards ends there', async () => {
    const file = write('backwards.log', ptp4lLog(60) + ptp4lLog(40));
    const { problems, found: kept } = await measureTime(timeOptions(file), SILENT);
    expect(problems.map(problemText)).toEqual([
      `${file}:61: time: it is 3.688 s before that of line 60: time runs backwards; the 40 readings from here on are left out`,
    ]);
    expect(kept?.outputs.samples[1]?.values).toHaveLength(60);
  });

  it.each([
    [
      'another tool’s',
      'kernel.log',
      '[ 1.0] usb 1-1: new\n',
      ':1: no measurement found; it is none of: a log of ptp4l',
    ],
    ['an empty one', 'empty.log', '', ': the file is empty'],
    ['a single reading', 'one.log', ptp4lLog(1), ':1: time: one reading alone has no interval'],
  ])('%s gives nothing but the reason', async (_, name, text, reason) => {
    const file = write(name, text);
    const { problems, found: kept } = await measureTime(timeOptions(file), SILENT);
    expect(kept).toBeNull();
    expect(problems).toHaveLength(1);
    expect(problems.map(problemText).join()).toContain(`${file}${reason}`);
  });

  it('that is not there, or is a directory, is named', async () => {
    for (const [file, why] of [
      [path('nowhere.log'), 'no such file or directory'],
      [path('.'), 'a directory'],
    ] as const) {
      const { problems } = await measureTime(timeOptions(file), SILENT);
      expect(problems.map(problemText)).toEqual([`${file}: ${why}`]);
    }
  });
});

/** Sync each 10 ms, with residence of 5 µs and more, corrected 30 ns too little. */
function captures(count: number): { before: Packet[]; behind: Packet[] } {
  const sync = (sequenceId: number, correctionNs: number) =>
    ethernet(0x88f7, ptpMessage({ type: MESSAGE_TYPE.sync, sequenceId, correctionNs }));
  const residence = (i: number) => 5_000 + (i % 7) * 100;
  const indices = Array.from({ length: count }, (_, i) => i);
  return {
    before: indices.map((i) => ({ timeNs: at(i * 10_000_000), octets: sync(i, 0) })),
    behind: indices.map((i) => ({
      timeNs: at(i * 10_000_000 + residence(i)),
      octets: sync(i, residence(i) - 30),
    })),
  };
}

describe('a pair of captures', () => {
  const { before, behind } = captures(1_000);

  it.each([
    ['pcap', (packets: Packet[]) => pcap(packets)],
    ['pcapng', (packets: Packet[]) => pcapng(packets, { resolution: 9 })],
  ])('gives residence and the error of the correctionField: %s', async (name, file) => {
    const [a, b] = [write(`in.${name}`, file(before)), write(`out.${name}`, file(behind))];
    const { outputs } = await found(measureResidence(residenceOptions(a, b), SILENT));
    expect(JSON.parse(jsonText(outputs.document))).toMatchObject({
      kind: 'timeplane-measure-residence',
      counts: { framesIn: 1_000, framesOut: 1_000, matched: 1_000, onlyIn: 0, onlyOut: 0 },
      groups: [
        {
          ...{ messageType: 0, name: 'Sync' },
          residence: { packets: 1_000, minNs: 5_000, maxNs: 5_600, peakToPeakNs: 600 },
          correctionError: { meanNs: -30, minNs: -30, maxNs: -30 },
        },
      ],
    });
    expect(outputs.page.warnings).toEqual([]);
  });

  it('of which one is cut in the middle of a frame gives what is before the cut', async () => {
    const whole = pcap(behind);
    const a = write('whole.pcap', pcap(before));
    const b = write('cut.pcap', whole.subarray(0, whole.length / 2));
    const { problems, found: kept } = await measureResidence(residenceOptions(a, b), SILENT);
    expect(problems.map(problemText)).toEqual([
      expect.stringMatching(
        /cut\.pcap: frame \d+ \(octet \d+\): (packet data|record header): the file ends after \d+ of \d+ octets/,
      ),
    ]);
    const matched = kept?.outputs.samples[1]?.values.length ?? 0;
    expect(matched).toBeGreaterThan(490);
    expect(matched).toBeLessThan(500);
  });

  it('the wrong way round says so', async () => {
    const [a, b] = [write('x.pcap', pcap(behind)), write('y.pcap', pcap(before))];
    const { problems, found: kept } = await measureResidence(residenceOptions(a, b), SILENT);
    expect(kept).toBeNull();
    expect(problems.map(problemText).join()).toContain('are the captures the other way round?');
  });

  it('whose clock is set back ends there, with the frame', async () => {
    const late = [...behind];
    late[600] = { ...(behind[600] as Packet), timeNs: at(0) };
    const [a, b] = [write('in2.pcap', pcap(before)), write('back.pcap', pcap(late))];
    const { problems, found: kept } = await measureResidence(residenceOptions(a, b), SILENT);
    expect(problems.map(problemText)).toEqual([
      expect.stringMatching(/back\.pcap: frame 601 .*timestamp: .*time runs backwards/),
    ]);
    expect(kept?.outputs.samples[1]?.values).toHaveLength(600);
  });

  it('in microseconds says what cannot be seen', async () => {
    const shape = { unitNs: 1000 } as const;
    const [a, b] = [write('in3.pcap', pcap(before, shape)), write('us.pcap', pcap(behind, shape))];
    const { outputs } = await found(measureResidence(residenceOptions(a, b), SILENT));
    expect(outputs.page.warnings).toEqual([
      'in3.pcap: its stamps count 1 µs; nothing finer is seen',
      'us.pcap: its stamps count 1 µs; nothing finer is seen',
    ]);
  });

  it('of which one is a log is refused by its name', async () => {
    const [a, b] = [write('in4.pcap', pcap(before)), write('log.pcap', ptp4lLog(10))];
    const { problems } = await measureResidence(residenceOptions(a, b), SILENT);
    expect(problems.map(problemText)[0]).toContain('log.pcap: octet 0: magic number');
  });
});

describe('columns', () => {
  it('are of the kind that the name says', () => {
    expect(columnsFormat('a.csv')).toBe('csv');
    expect(columnsFormat('a.parquet')).toBe('parquet');
    expect(columnsFormat('a.txt')).toBeNull();
  });

  const columns = [
    { name: 'name', values: ['plain', 'with, comma', 'with "quotes"'] },
    { name: 'value', values: Float64Array.of(1.5, Number.NaN, -2e-9) },
    { name: 'whole', values: [1, null, 3] },
  ];

  it('are CSV with empty cells for what is missing', async () => {
    const file = path('columns.csv');
    await writeColumns(file, columns, {});
    expect(readFileSync(file, 'utf8')).toBe(
      'name,value,whole\nplain,1.5,1\n"with, comma",,\n"with ""quotes""",-2e-9,3\n',
    );
  });

  it('are Parquet that a reader reads, with nulls', async () => {
    const file = path('columns.parquet');
    await writeColumns(file, columns, { timeplane: '0.0.0' });
    const octets = readFileSync(file);
    const rows = await parquetReadObjects({
      file: octets.buffer.slice(octets.byteOffset, octets.byteOffset + octets.length),
    });
    expect(rows).toEqual([
      { name: 'plain', value: 1.5, whole: 1 },
      { name: 'with, comma', value: null, whole: null },
      { name: 'with "quotes"', value: -2e-9, whole: 3 },
    ]);
  });

  it('of a hundred thousand rows are all there', async () => {
    const file = path('long.csv');
    const values = Float64Array.from({ length: 100_000 }, (_, i) => i);
    await writeColumns(file, [{ name: 'i', values }], {});
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(100_001);
    expect(lines.at(-1)).toBe('99999');
  });
});

describe('the report', () => {
  it('is one file with pictures, tables and configuration, and asks nobody for anything', async () => {
    const file = write('<script>.log', ptp4lLog(5_000));
    const masks = [findMask('g8273.2-a')].flatMap((mask) => mask ?? []);
    const { outputs } = await found(measureTime(timeOptions(file, { masks }), SILENT));
    const html = path('report.html');
    expect(await writeOutputs({ html, json: path('report.json') }, outputs)).toBeNull();
    const page = readFileSync(html, 'utf8');
    expect(page.match(/<svg /g)?.length).toBeGreaterThanOrEqual(5);
    for (const text of [
      'TDEV',
      'MTIE below 0.1 Hz',
      'g8273.2-a',
      'Configuration',
      'prefers-color-scheme:dark',
    ]) {
      expect(page).toContain(text);
    }
    // Addresses are names of vocabularies only, and no script gets in by a file's name.
    const addresses = new Set(page.match(/https?:[^"' )<]+/g));
    expect([...addresses]).toEqual(['http://www.w3.org/2000/svg']);
    expect(page).not.toMatch(/<script|<link|<img|src=|@import|url\(/);
    expect(page).toContain('&lt;script&gt;.log');
  });

  it('that cannot be written is named', async () => {
    const file = write('fine.log', ptp4lLog(100));
    const { outputs } = await found(measureTime(timeOptions(file), SILENT));
    const trouble = await writeOutputs({ html: path('no/such/folder.html') }, outputs);
    expect(trouble).toContain('cannot write');
    expect(trouble).toContain('no such file or directory');
    const csv = await writeOutputs({ samples: path('no/such/folder.csv') }, outputs);
    expect(csv).toContain('no such file or directory');
  });
});
