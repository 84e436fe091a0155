/** What `timeplane lab compare --json` wrote, as the pages show it: every figure is taken from the file. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatNs } from '#units/format';
import { compareChart, misses, validationText } from '#lab/experiments/compare/report';
import { repeatedRows, type RepeatedRow } from '#lab/experiments/compare/rounds';
import {
  CHAIN_LENGTHS,
  COMPARE_KINDS,
  COMPARE_TITLES,
  ENVIRONMENTS,
  type CompareKind,
  type Environment,
} from '#lab/experiments/compare/rows';
import { compareSchema, type CompareResult } from '#lab/experiments/compare/schema';
import { lineChart } from '#lab/study/line-chart';
import { markdownTable, RESULTS } from './study-results.js';

const PAGE = join(RESULTS, '../compare-lab.md');
const BEGIN = '<!-- From tc-or-bc/compare.json on; written by test/docs/tc-or-bc.test.ts. -->';
const END = '<!-- Until here. -->';
const BETWEEN = COMPARE_KINDS.filter((kind) => kind !== 'direct');
const WHERE: Readonly<Record<Environment, string>> = { namespaces: '', mininet: ', in Mininet' };

export function readComparison(): CompareResult {
  return compareSchema.parse(
    JSON.parse(readFileSync(join(RESULTS, 'compare.json'), 'utf8')) as unknown,
  );
}

interface Place {
  readonly kind: CompareKind;
  readonly switches: number;
  readonly loaded: boolean;
  readonly environment: Environment;
}

/** All rounds of it. */
function find(result: CompareResult, place: Place): RepeatedRow | undefined {
  return repeatedRows(result.measurements).find(
    ({ first: { kind, switches, loaded, environment }, rms }) =>
      kind === place.kind &&
      switches === place.switches &&
      loaded === place.loaded &&
      environment === place.environment &&
      rms !== null,
  );
}

/** "0.99", of several rounds "0.97 to 1.02". */
function ratioText(ratios: readonly number[]): string {
  if (ratios.length === 0) return '–';
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)].map((one) => one.toFixed(2));
  return least === most ? `${least}` : `${least} to ${most}`;
}

function rmsText(own: RepeatedRow | undefined): string {
  if (!own?.rms) return '–';
  const { mean, half } = own.rms;
  return Number.isNaN(half) ? formatNs(mean) : `${formatNs(mean)} ± ${formatNs(half)}`;
}

/** "409 ns (0.99; 0.64)". */
function withRatios(own: RepeatedRow | undefined): string {
  if (!own?.rms) return '–';
  const fromOne = own.fromOneRatios.length === 0 ? '' : `; ${ratioText(own.fromOneRatios)}`;
  return `${rmsText(own)} (${ratioText(own.ownRatios)}${fromOne})`;
}

function table(title: string, cell: (kind: CompareKind, switches: number) => string): string {
  const rows = BETWEEN.map((kind) => [
    COMPARE_TITLES[kind],
    ...CHAIN_LENGTHS.map((switches) => cell(kind, switches)),
  ]).filter((cells) => cells.slice(1).some((text) => !/^[–, ]+$/.test(text)));
  return markdownTable([title, '1 switch', ...CHAIN_LENGTHS.slice(1).map(String)], rows);
}

const loadText = ({ config }: CompareResult) => `${Math.round(100 * config.load)} % cross traffic`;

function environmentsOf({ measurements }: CompareResult): readonly Environment[] {
  return ENVIRONMENTS.filter((environment) =>
    measurements.some((own) => own.environment === environment && own.status === 'ok'),
  );
}

function command({ config }: CompareResult): string {
  const only = config.only.length === 0 ? '' : ` --only ${config.only.join(',')}`;
  const repeat = config.repeats === 1 ? '' : ` --repeat ${config.repeats}`;
  const where = config.in.length === ENVIRONMENTS.length ? '' : ` --in ${config.in.join(',')}`;
  return `timeplane lab compare --seed ${config.seed}${repeat}${where}${only}`;
}

function machineText({ fidelity, measurements, versions }: CompareResult): string {
  const judged = measurements.flatMap((own) => own.fidelity?.verdict ?? []);
  const good = judged.filter((verdict) => verdict === 'good').length;
  const reasons = fidelity.reasons.length === 0 ? '' : `: ${fidelity.reasons.join(', ')}`;
  const programs = Object.entries(versions)
    .filter(([name]) => !name.startsWith('simple_switch'))
    // What follows a hyphen is whoever built it.
    .map(([name, version]) => `${name} ${version.replace(/-.*/, '')}`);
  return (
    `The machine was judged _${fidelity.verdict}_ on the whole${reasons}, and _good_ in ${good} of ${judged.length} ` +
    `measurements ([fidelity](fidelity.md)). ${programs.join(', ')}.`
  );
}

function directText(result: CompareResult, environment: Environment): string[] {
  const own = find(result, { kind: 'direct', switches: 0, loaded: false, environment });
  return own?.rms ? [`A direct link${WHERE[environment]}: ${withRatios(own)}.`] : [];
}

/** Boundary clocks' rms to that of two-step transparent ones. */
function againstText(result: CompareResult, environment: Environment): string[] {
  const texts = [false, true].flatMap((loaded) => {
    const each = CHAIN_LENGTHS.flatMap((switches) => {
      const [boundary, transparent] = (['bc', 'tc-two'] as const).map(
        (kind) => find(result, { kind, switches, loaded, environment })?.rms?.mean,
      );
      if (boundary === undefined || transparent === undefined) return [];
      return [(boundary / transparent).toFixed(2)];
    });
    return each.length === 0 ? [] : [`${loaded ? 'loaded' : 'idle'} ${each.join(', ')}`];
  });
  if (texts.length === 0) return [];
  return [
    `Boundary clocks’ rms to that of two-step transparent ones, from one switch to the longest row${WHERE[environment]}: ${texts.join('; ')}.`,
  ];
}

function bridgeText(result: CompareResult): string[] {
  const factors = result.measurements.flatMap((own) => {
    if (own.kind === 'direct' || own.kind === 'bridge' || !own.error) return [];
    const bridge = find(result, { ...own, kind: 'bridge' })?.rms?.mean;
    return bridge === undefined ? [] : [bridge / own.error.rmsNs];
  });
  if (factors.length === 0) return [];
  const text = (value: number) => Number(value.toPrecision(2)).toLocaleString('en');
  return [
    `Behind plain bridges the error is ${text(Math.min(...factors))} to ${text(Math.max(...factors))} times as large as behind as many clocks of any kind.`,
  ];
}

/** How the simulator did: of rows with their own noise, and of the others. */
function foretoldTexts(result: CompareResult): string[] {
  const { measurements, validation } = result;
  const { rows, within, rowsOwn } = validation;
  const silent = measurements.filter(
    ({ status, predictedOwn }) => status === 'ok' && predictedOwn === null,
  );
  return [
    ...(rowsOwn === 0 ? [] : [`**${validationText(measurements, validation)}**`]),
    ...misses(result)
      .filter((line) => line.startsWith('Not foretold') && line.includes('('))
      .filter((line) => !/: (a boundary clock|no noise)/.test(line)),
    ...(silent.length === 0
      ? []
      : [`${silent.length} measurements have no noise of their own to be foretold from.`]),
    ...(rows === 0
      ? []
      : [
          `From the noise of one switch, measured in another row, ${within} of ${rows} are within 25 %: what a switch adds differs from row to row and from minute to minute.`,
        ]),
  ];
}

const list = (texts: readonly string[]) => texts.map((text) => `- ${text}`).join('\n');

/** Of docs/compare-lab.md. */
export function comparisonSection(result: CompareResult): string {
  const tables = environmentsOf(result).flatMap((environment) =>
    [false, true].map((loaded) =>
      table(`${loaded ? loadText(result) : 'idle'}${WHERE[environment]}`, (kind, switches) =>
        withRatios(find(result, { kind, switches, loaded, environment })),
      ),
    ),
  );
  return [
    `\`${command(result)}\`, ${result.config.durationSeconds} s each, on a virtual machine with two processors. rms error of the client; in brackets predicted ÷ measured: from the noise of the row itself; from one switch of another row.${result.config.repeats > 1 ? ' ±: 95 % over rounds.' : ''}`,
    ...tables,
    list([
      ...environmentsOf(result).flatMap((environment) => directText(result, environment)),
      ...foretoldTexts(result),
      ...environmentsOf(result).flatMap((environment) => againstText(result, environment)),
      ...bridgeText(result),
      machineText(result),
    ]),
  ].join('\n\n');
}

/** The pictures, by their file. */
export function comparisonPictures(result: CompareResult): ReadonlyMap<string, string> {
  return new Map(
    [false, true].flatMap((loaded) => {
      const chart = compareChart(result, loaded);
      const file = `compare-${loaded ? 'loaded' : 'idle'}.svg`;
      return chart === null ? [] : [[file, lineChart(chart)] as const];
    }),
  );
}

/** Of docs/tc-or-bc.md: what stands under "Measured". */
export function comparisonSummary(result: CompareResult): string {
  const pair = (environment: Environment) => (kind: CompareKind, switches: number) =>
    [false, true]
      .map((loaded) => rmsText(find(result, { kind, switches, loaded, environment })))
      .join(', ');
  const tables = environmentsOf(result).map((environment) =>
    table(`idle, loaded${WHERE[environment]}`, pair(environment)),
  );
  return [
    `\`${command(result)}\` puts the same rows together from real programs: our switches between two \`ptp4l\`, the client on an oscillator of its own, its true error known without a stamp ([how](compare-lab.md)). rms error, idle and with ${loadText(result)}:`,
    ...tables,
    ...[...comparisonPictures(result).keys()].map(
      (file) => `![The client’s error behind a row of switches](tc-or-bc/${file})`,
    ),
    list([
      ...foretoldTexts(result),
      ...environmentsOf(result).flatMap((environment) => againstText(result, environment)),
      ...bridgeText(result),
      machineText(result),
    ]),
  ].join('\n\n');
}

/** docs/compare-lab.md with its section as the results have it. @throws Error where its marks are missing. */
export function compareLabPage(result: CompareResult): string {
  const page = readFileSync(PAGE, 'utf8');
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error('compare-lab.md has lost the marks of its results');
  const before = page.slice(0, begin + BEGIN.length);
  return `${before}\n\n${comparisonSection(result)}\n\n${page.slice(end)}`;
}
