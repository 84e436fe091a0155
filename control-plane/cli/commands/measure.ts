/** `timeplane measure`: logs and captures of any clock and any switch, in the field's own numbers. */
import { writeFile } from 'node:fs/promises';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { productVersion } from '#runtime/version';
import { fileErrorText } from '#units/file-error';
import { columnsFormat } from '#lab/instrument/columns';
import { runMeasurement } from '#lab/instrument/main';
import { maskCatalogue, maskDetails, maskDocument, sourcesTable } from '#lab/instrument/masks-list';
import { measureResidence } from '#lab/instrument/measure-residence';
import { measureTime } from '#lab/instrument/measure-time';
import { jsonText, printTable } from '#lab/instrument/outputs';
import { TIME_UNITS, type TimeUnit } from '#lab/measure/logs/exact-time';
import { LOG_FORMATS, type LogFormatName } from '#lab/measure/logs/log-types';
import { findMask, MASKS } from '#lab/measure/masks/catalogue';
import type { Mask } from '#lab/measure/masks/mask';
import { G8261_1_FLOOR } from '#lab/measure/packet-delay';
import { METRICS, type Metric } from '#lab/measure/stability/table';
import { OperatorError } from '../operator-error.js';
import { integerBetween, numberBetween, writableFile } from './lab-arguments.js';

interface OutputFlags {
  readonly json?: string;
  readonly samples?: string;
  readonly table?: string;
  readonly html?: string;
}

interface TimeFlags extends OutputFlags {
  readonly format?: LogFormatName;
  readonly source?: string;
  readonly interval?: number;
  readonly timeColumn?: string;
  readonly valueColumn?: string;
  readonly timeUnit?: TimeUnit;
  readonly valueUnit?: TimeUnit;
  readonly metrics: readonly Metric[];
  readonly confidence: number;
  readonly mask: readonly Mask[];
}

interface ResidenceFlags extends OutputFlags {
  readonly octets: number;
  readonly longest: number;
  readonly cluster: number;
  readonly window: number;
}

function metricList(text: string): readonly Metric[] {
  const names = text
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
  const known = METRICS.filter((metric) => names.includes(metric));
  if (known.length === new Set(names).size) return known;
  throw new InvalidArgumentError(`expected some of ${METRICS.join(',')}`);
}

function collectMask(text: string, before: readonly Mask[]): readonly Mask[] {
  const mask = findMask(text);
  if (mask !== undefined) return [...before, mask];
  throw new InvalidArgumentError(`there are ${MASKS.map(({ id }) => id).join(', ')}`);
}

function columnsFile(text: string): string {
  if (columnsFormat(text) !== null) return writableFile(text);
  throw new InvalidArgumentError('its name has to end in .csv or .parquet');
}

const versions = () => ({ timeplane: productVersion(), node: process.versions.node });

/** Arguments as a shell would take them again. */
function commandLine(): string {
  const quoted = process.argv
    .slice(2)
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`));
  return ['timeplane', ...quoted].join(' ');
}

async function time(file: string, flags: TimeFlags): Promise<void> {
  const { format, source, interval, timeColumn, valueColumn, timeUnit, valueUnit } = flags;
  const options = {
    ...{ file, metrics: flags.metrics, confidence: flags.confidence, masks: flags.mask },
    log: {
      ...(format === undefined ? {} : { format }),
      csv: {
        ...(timeColumn === undefined ? {} : { timeColumn }),
        ...(valueColumn === undefined ? {} : { valueColumn }),
        ...(timeUnit === undefined ? {} : { timeUnit }),
        ...(valueUnit === undefined ? {} : { valueUnit }),
        ...(interval === undefined ? {} : { intervalSeconds: interval }),
      },
    },
    grid: {
      ...(source === undefined ? {} : { source }),
      ...(interval === undefined ? {} : { intervalSeconds: interval }),
    },
    versions: versions(),
    command: commandLine(),
  };
  process.exitCode = await runMeasurement((progress) => measureTime(options, progress), flags);
}

async function residence(before: string, behind: string, flags: ResidenceFlags): Promise<void> {
  const options = {
    ...{ before, behind },
    captures: { octets: flags.octets, longestSeconds: flags.longest },
    floor: { clusterNs: flags.cluster, windowSeconds: flags.window },
    versions: versions(),
    command: commandLine(),
  };
  process.exitCode = await runMeasurement((progress) => measureResidence(options, progress), flags);
}

async function masks(chosen: readonly Mask[], { json }: { readonly json?: string }): Promise<void> {
  if (chosen.length === 0) printTable(maskCatalogue());
  for (const mask of chosen) printTable(maskDetails(mask));
  if (chosen.length > 0) printTable(sourcesTable());
  if (json === undefined) return;
  try {
    await writeFile(json, jsonText(maskDocument(chosen.length === 0 ? MASKS : chosen)));
  } catch (error) {
    throw new OperatorError(`${json}: ${fileErrorText(error)}`);
  }
}

const MASKS_HELP = `
Examples:
  $ timeplane measure masks
  $ timeplane measure masks g8273.2-a g8271.1-c
  $ timeplane measure masks --json masks.json
`;

function withOutputs(command: Command): Command {
  return command
    .addOption(
      new Option('--json <file>', 'write everything that was computed').argParser(writableFile),
    )
    .addOption(
      new Option('--samples <file>', 'write the samples, .csv or .parquet').argParser(columnsFile),
    )
    .addOption(
      new Option('--table <file>', 'write the figures, .csv or .parquet').argParser(columnsFile),
    )
    .addOption(
      new Option('--html <file>', 'write a report with pictures, one file').argParser(writableFile),
    );
}

const TIME_HELP = `
Formats: ${LOG_FORMATS.join(', ')}; found out where none is given.

Examples:
  $ timeplane measure time ptp4l.log --mask g8273.2-a --html report.html
  $ timeplane measure time tracking.log --metrics tdev,mtie
  $ timeplane measure time counter.csv --value-column phase --value-unit s --interval 1

Exit codes: 0 all read and no limit broken; 1 a limit is broken, or the file is broken in part (what
could be read is shown); 2 nothing to show. docs/measure.md says what the numbers are.
`;

function registerTime(measure: Command): void {
  const command = measure
    .command('time')
    .summary('a clock’s error from a log: ptp4l, phc2sys, ts2phc, chrony, or columns')
    .description('Time error, stability and masks of a clock, from a log of its offsets.')
    .argument('<file>', 'the log; a .gz is unpacked')
    .addOption(new Option('--format <name>', 'what the file is').choices(LOG_FORMATS))
    .option('--source <name>', 'the clock or server, where the log has several')
    .addOption(
      new Option('--interval <seconds>', 'between samples (found out)').argParser(
        numberBetween(1e-9, 1e6),
      ),
    )
    .option('--time-column <name>', 'of columns: a name of the header, or a place from 1')
    .option('--value-column <name>', 'of columns: a name of the header, or a place from 1')
    .addOption(new Option('--time-unit <unit>', 'of columns').choices(TIME_UNITS))
    .addOption(new Option('--value-unit <unit>', 'of columns').choices(TIME_UNITS))
    .addOption(
      new Option('--metrics <list>', `some of ${METRICS.join(',')}`)
        .argParser(metricList)
        .default(['oadev', 'tdev', 'mtie'] satisfies Metric[], 'oadev,tdev,mtie'),
    )
    .addOption(
      new Option('--confidence <share>', 'of the intervals, two-sided')
        .argParser(numberBetween(0.01, 0.9999))
        .default(0.95),
    )
    .addOption(
      new Option('--mask <name>', 'hold it against a mask; repeat it (timeplane measure masks)')
        .argParser(collectMask)
        .default([], 'none'),
    );
  withOutputs(command).addHelpText('after', TIME_HELP).action(time);
}

const RESIDENCE_HELP = `
Examples:
  $ tcpdump -i eth1 -j adapter_unsynced --time-stamp-precision=nano -w in.pcap &
  $ tcpdump -i eth2 -j adapter_unsynced --time-stamp-precision=nano -w out.pcap &
  $ timeplane measure residence in.pcap out.pcap --html residence.html

Both captures' stamps have to be of one clock. docs/measure.md says how packets are told apart.
`;

function registerResidence(measure: Command): void {
  const command = measure
    .command('residence')
    .summary('what a switch does to packets, from captures before and behind it')
    .description(
      'Residence, delay variation and, of PTP, the error of the correctionField, from a pair of captures ' +
        '(pcap or pcapng) of any switch.',
    )
    .argument('<before>', 'capture where packets enter')
    .argument('<behind>', 'capture where they leave')
    .addOption(
      new Option('--octets <count>', 'so many octets of what a packet carries tell it from others')
        .argParser(integerBetween(8, 9_000))
        .default(128),
    )
    .addOption(
      new Option('--longest <seconds>', 'what takes longer is lost')
        .argParser(numberBetween(1e-6, 3_600))
        .default(1),
    )
    .addOption(
      new Option('--cluster <ns>', 'floor packets are so close to the least delay')
        .argParser(numberBetween(0, 1e9))
        .default(G8261_1_FLOOR.clusterNs),
    )
    .addOption(
      new Option('--window <seconds>', 'in which floor packets are counted')
        .argParser(numberBetween(1e-3, 1e6))
        .default(G8261_1_FLOOR.windowSeconds),
    );
  withOutputs(command).addHelpText('after', RESIDENCE_HELP).action(residence);
}

export function register(program: Command): void {
  const measure = program
    .command('measure')
    .summary('time error, stability, masks, residence from logs and captures')
    .description('Measures from files: nothing is sent, and no privilege is needed.');
  registerTime(measure);
  registerResidence(measure);
  measure
    .command('masks')
    .summary('the masks that there are, or the numbers of some')
    .argument('[name...]', 'such as g8273.2-a', collectMask, [])
    .addOption(
      new Option('--json <file>', 'write them, with where each number has been seen').argParser(
        writableFile,
      ),
    )
    .addHelpText('after', MASKS_HELP)
    .action(masks);
}
