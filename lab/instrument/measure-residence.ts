/** `timeplane measure residence`: what a device does to packets, from captures before and behind it. */
import { basename } from 'node:path';
import type { Progress } from '../experiments/first-light/progress.js';
import { analyseResidence, type ResidenceAnalysis } from '../measure/analyse.js';
import { NO_PTP, type ResidenceResult } from '../measure/capture/residence.js';
import type { FloorOptions } from '../measure/packet-delay.js';
import { histogramChart, residenceChart } from './charts.js';
import type { Column } from './columns.js';
import type { Measured } from './measure-time.js';
import type { Outputs } from './outputs.js';
import { problemText } from './problem.js';
import {
  readCaptures,
  type CaptureOptions,
  type ReadCapture,
  type ReadPair,
} from './read-captures.js';
import {
  correctionTable,
  countsTable,
  messageName,
  nsText,
  residenceTable,
  secondsText,
  type TextTable,
} from './tables.js';

export interface MeasureResidenceOptions {
  readonly before: string;
  readonly behind: string;
  readonly captures: CaptureOptions;
  readonly floor: FloorOptions;
  readonly versions: Readonly<Record<string, string>>;
  readonly command: string;
}

export async function measureResidence(
  options: MeasureResidenceOptions,
  progress: Progress,
): Promise<Measured> {
  const { before, behind } = options;
  const pair = await readCaptures(before, behind, options.captures, progress);
  const problems = [...pair.before.problems, ...pair.behind.problems];
  if (pair.result.counts.matched === 0) {
    // A file that could not be read says all that is to be said.
    const isRead = pair.before.frames > 0 && pair.behind.frames > 0;
    const more = isRead || problems.length === 0 ? [nothingInBoth(pair)] : [];
    return { problems: [...problems, ...more], found: null };
  }
  progress.update('computing');
  const analysis = analyseResidence(pair.result, options.floor);
  progress.clear();
  const tables = tablesOf(analysis);
  const outputs: Outputs = {
    document: documentOf(pair, analysis, options),
    samples: samplesOf(pair.result),
    table: groupColumns(analysis),
    metadata: { ...options.versions, source: `${basename(before)}, ${basename(behind)}` },
    page: {
      title: `Residence: ${basename(before)} to ${basename(behind)}`,
      warnings: [...problems.map(problemText), ...remarksOf(pair)],
      verdicts: [],
      tables,
      charts: [
        residenceChart(pair.result),
        ...analysis.groups.flatMap(({ messageType, histogram }) =>
          histogram === null
            ? []
            : [histogramChart(`Residence of ${messageName(messageType)}`, 'ns', histogram)],
        ),
      ],
      configuration: configurationOf(pair, options),
      command: options.command,
    },
  };
  return { problems, found: { outputs, tables, isBroken: false } };
}

function nothingInBoth({ before, behind, result }: ReadPair): Measured['problems'][number] {
  const { counts } = result;
  const why =
    counts.backwards > 0
      ? `; ${counts.backwards} are, but behind the device first: are the captures the other way round?`
      : '';
  const message = `no packet of ${before.file} (${counts.framesIn} frames) is in it (${counts.framesOut} frames) afterwards${why}`;
  const nowhere = { line: null, frame: null, octet: null, field: '' };
  return { code: 'nothing-matches', file: behind.file, ...nowhere, message };
}

/** What the reader has to know of stamps that look better than they are. */
function remarksOf({ before, behind }: ReadPair): string[] {
  return [before, behind].flatMap(({ file, info }) =>
    info !== null && info.resolutionNs > 1
      ? [`${basename(file)}: its stamps count ${nsText(info.resolutionNs)}; nothing finer is seen`]
      : [],
  );
}

function tablesOf(analysis: ResidenceAnalysis): TextTable[] {
  const corrections = correctionTable(analysis.groups);
  return [
    countsTable(analysis),
    residenceTable(analysis.groups),
    ...(corrections === null ? [] : [corrections]),
  ];
}

function configurationOf(
  { before, behind }: ReadPair,
  options: MeasureResidenceOptions,
): (readonly [string, string])[] {
  const told = ({ file, info, frames }: ReadCapture) =>
    `${basename(file)}: ${info?.format ?? '–'}, stamps of ${nsText(info?.resolutionNs ?? Number.NaN)}, ${frames} frames`;
  return [
    ['before the device', told(before)],
    ['behind it', told(behind)],
    ['octets that tell packets apart', String(options.captures.octets)],
    ['longest residence', secondsText(options.captures.longestSeconds)],
    [
      'floor packets',
      `within ${nsText(options.floor.clusterNs)} of the least, in ${secondsText(options.floor.windowSeconds)}`,
    ],
    ['seeds', 'none: everything here is measured'],
    ...Object.entries(options.versions),
  ];
}

/** Version 1; docs/measure.md describes it. */
function documentOf(
  pair: ReadPair,
  analysis: ResidenceAnalysis,
  options: MeasureResidenceOptions,
): unknown {
  const input = ({ file, info, frames, problems }: ReadCapture) => ({
    ...{ file, frames, problems },
    format: info?.format ?? null,
    resolutionNs: info?.resolutionNs ?? null,
  });
  return {
    kind: 'timeplane-measure-residence',
    version: 1,
    versions: options.versions,
    command: options.command,
    before: input(pair.before),
    behind: input(pair.behind),
    configuration: { ...options.captures, floor: options.floor },
    firstNs: pair.result.firstNs,
    counts: analysis.counts,
    groups: analysis.groups.map(({ messageType, ...rest }) => ({
      messageType: messageType === NO_PTP ? null : messageType,
      name: messageName(messageType),
      ...rest,
    })),
  };
}

function samplesOf(result: ResidenceResult): Column[] {
  return [
    { name: 'time_s', values: result.timeSeconds },
    { name: 'residence_ns', values: result.residenceNs },
    {
      name: 'ptp_message_type',
      values: Float64Array.from(result.messageType, (type) =>
        type === NO_PTP ? Number.NaN : type,
      ),
    },
    { name: 'correction_added_ns', values: result.correctionNs },
  ];
}

function groupColumns({ groups }: ResidenceAnalysis): Column[] {
  const numbers = (
    name: string,
    of: (group: (typeof groups)[number]) => number | null,
  ): Column => ({
    ...{ name, values: groups.map(of) },
  });
  return [
    { name: 'packets_of', values: groups.map(({ messageType }) => messageName(messageType)) },
    numbers('packets', ({ residence }) => residence.packets),
    numbers('min_ns', ({ residence }) => residence.minNs),
    numbers('mean_ns', ({ residence }) => residence.meanNs),
    numbers('deviation_ns', ({ residence }) => residence.deviationNs),
    numbers('max_ns', ({ residence }) => residence.maxNs),
    ...(groups[0]?.residence.percentilesNs ?? []).map(({ fraction }, index) =>
      numbers(
        `p${Number((fraction * 100).toPrecision(6))}_ns`,
        ({ residence }) => residence.percentilesNs[index]?.delayNs ?? null,
      ),
    ),
    numbers('floor_percent', ({ floor }) => floor?.percent ?? null),
    numbers('correction_error_mean_ns', ({ correctionError }) => correctionError?.meanNs ?? null),
    numbers('correction_error_max_ns', ({ correctionError }) => correctionError?.maxAbsNs ?? null),
  ];
}
