/** `timeplane show parent`, `foreign-masters`, `time`, `servo`, `sources`: the boundary clock. Pure. */
import type { AgentStatus } from '#runtime/status';
import { formatNs } from '#units/format';
import { NONE, rateCells, rateColumns, renderTable, type Column, type View } from './view.js';

export type Boundary = NonNullable<AgentStatus['ptp']['boundary']>;
type Quality = Boundary['defaultDS']['clockQuality'];

const LEFT = { left: true } as const;
const PAIR: readonly Column[] = [
  { title: 'what', ...LEFT },
  { title: 'value', ...LEFT },
];

/** A table of the boundary clock's, or that there is none. */
function ofBoundary(render: (boundary: Boundary, view: View) => string): (view: View) => string {
  return (view) => {
    const { boundary } = view.now.status.ptp;
    if (boundary !== null) return render(boundary, view);
    const { bold, dim } = view.colours;
    return `${bold('boundary clock')}: none\n${dim('The configuration of the agent has no `instance`.')}`;
  };
}

function qualityText({ clockClass, clockAccuracy, offsetScaledLogVariance }: Quality): string {
  return (
    `class ${clockClass}, accuracy 0x${clockAccuracy.toString(16)}, ` +
    `variance 0x${offsetScaledLogVariance.toString(16).padStart(4, '0')}`
  );
}

function time(ns: number | null): string {
  return ns === null ? NONE : formatNs(ns);
}

function yesOrNo(value: boolean): string {
  return value ? 'yes' : 'no';
}

function ago(seconds: number): string {
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  return seconds < 7_200 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3_600).toFixed(1)} h`;
}

/** What `show clock` has of it. */
export function boundaryRows(boundary: Boundary | null): [string, string | number][] {
  if (boundary === null) return [];
  const { defaultDS, profile, running } = boundary;
  return [
    ['boundary clock', running ? `runs, profile ${profile}` : 'waits for PTP time'],
    ['quality', qualityText(defaultDS.clockQuality)],
    ['priority1, priority2', `${defaultDS.priority1}, ${defaultDS.priority2}`],
    ['domainNumber, sdoId', `${defaultDS.domainNumber}, 0x${defaultDS.sdoId.toString(16)}`],
    ['slaveOnly', yesOrNo(defaultDS.slaveOnly)],
  ];
}

/** What `show ports` has of it; empty without one. */
export function renderBoundaryPorts(view: View): string {
  const { boundary } = view.now.status.ptp;
  if (boundary === null) return '';
  const columns = [
    { title: 'port' },
    { title: 'name', ...LEFT },
    { title: 'state', ...LEFT },
    { title: 'for' },
    { title: 'transport', ...LEFT },
    { title: 'delay', ...LEFT },
    { title: 'why', ...LEFT },
  ];
  const rows = boundary.ports.map((port) => [
    port.port,
    port.name,
    port.state,
    ago(port.forSeconds),
    port.transport,
    port.delayMechanism === 'p2p' ? `p2p ${formatNs(port.meanLinkDelayNs)}` : port.delayMechanism,
    port.why,
  ]);
  return renderTable(view, 'boundary clock', columns, rows);
}

export const renderParent = ofBoundary(({ parentDS, currentDS, pathTrace }, view) => {
  const rows = [
    [
      'parent',
      parentDS.isOwn ? 'none: our own clock is the grandmaster' : parentDS.parentPortIdentity,
    ],
    ['grandmaster', parentDS.grandmasterIdentity],
    ['quality', qualityText(parentDS.grandmasterClockQuality)],
    ['priority1, priority2', `${parentDS.grandmasterPriority1}, ${parentDS.grandmasterPriority2}`],
    ['stepsRemoved', currentDS.stepsRemoved],
    ...(pathTrace === null ? [] : [['path', pathTrace.join(' > ') || NONE]]),
  ];
  return renderTable(view, 'parent', PAIR, rows);
});

const MASTER_COLUMNS: readonly Column[] = [
  { title: 'port' },
  { title: 'master', ...LEFT },
  { title: 'grandmaster', ...LEFT },
  { title: 'is', ...LEFT },
  { title: 'priority1' },
  { title: 'class' },
  { title: 'priority2' },
  { title: 'steps' },
  { title: 'announces' },
];

function masterRows({ ports }: Boundary): (string | number)[][] {
  return ports.flatMap(({ name, foreignMasters }) =>
    foreignMasters.map((master) => [
      name,
      master.portIdentity,
      master.grandmasterIdentity,
      master.isParent ? 'parent' : master.qualified ? 'qualified' : 'not qualified',
      master.priority1,
      master.clockClass,
      master.priority2,
      master.stepsRemoved,
      master.announces,
    ]),
  );
}

export const renderForeignMasters = ofBoundary((boundary, view) =>
  renderTable(view, 'foreign masters', MASTER_COLUMNS, masterRows(boundary)),
);

/** PTP time is not read here: the reference says what it is, and by which rate it goes on. */
export const renderTime = ofBoundary(({ timePropertiesDS: properties, reference }, view) => {
  const rows = [
    ['timescale', properties.ptpTimescale ? 'PTP (TAI)' : 'arbitrary'],
    [
      'UTC offset',
      `${properties.currentUtcOffsetSeconds} s${properties.currentUtcOffsetValid ? '' : ' (not valid)'}`,
    ],
    ['leap second', properties.leap61 ? '61 s' : properties.leap59 ? '59 s' : 'none'],
    ['time traceable', yesOrNo(properties.timeTraceable)],
    ['frequency traceable', yesOrNo(properties.frequencyTraceable)],
    ['time source', `0x${properties.timeSource.toString(16)}`],
    ['reference, ticks', reference?.ticks ?? NONE],
    ['reference, PTP time (ns)', reference?.ptpNs ?? NONE],
    ['rate against ticks', reference === null ? NONE : `${reference.ratePpb.toFixed(3)} ppb`],
  ];
  return renderTable(view, 'time', PAIR, rows);
});

/** Clocks that follow; no table without any. */
function servoFollowers({ followers }: Boundary, view: View): string[] {
  if (followers.length === 0) return [];
  const columns = [
    { title: 'follower', ...LEFT },
    { title: 'offset' },
    { title: 'used' },
    { title: 'skipped' },
    { title: 'failed' },
    { title: 'what', ...LEFT },
  ];
  const rows = followers.map(({ name, offsetNs, used, skipped, failed, what }) => [
    name,
    time(offsetNs),
    used,
    skipped,
    failed,
    what,
  ]);
  return [renderTable(view, 'followers', columns, rows)];
}

/** What its own offsets were since it locked; nothing where there is no record yet. */
function servoRecord({ servo: { record } }: Boundary, view: View): string[] {
  // An agent of before has none either.
  if (record === null || record === undefined) return [];
  const p99 = record.percentilesNs.find(({ fraction }) => fraction === 0.99);
  const rows = [
    ['offsets, missing', `${record.samples}, ${record.missing}`],
    ['one each', `${Number(record.intervalSeconds.toPrecision(4))} s`],
    ['mean, rms', `${time(record.meanNs)}, ${time(record.rmsNs)}`],
    ['p99, max of their size', `${time(p99?.absNs ?? null)}, ${time(record.maxAbsNs)}`],
    ['worst mean over 1000 s', time(record.constantNs)],
    ['below 0.1 Hz, max', time(record.lowMaxAbsNs)],
    ['above 0.1 Hz, peak to peak', time(record.highPeakToPeakNs)],
  ];
  const columns = [
    { title: 'τ, s' },
    { title: 'ADEV' },
    { title: 'TDEV' },
    { title: 'MTIE, at least' },
    { title: 'at most' },
  ];
  const stability = record.stability.map((point) => [
    String(Number(point.tauSeconds.toPrecision(4))),
    point.adev.toExponential(2),
    time(point.tdevNs),
    time(point.mtieAtLeastNs),
    time(point.mtieAtMostNs),
  ]);
  return [
    renderTable(view, 'since it locked, by its own offsets', PAIR, rows),
    renderTable(view, 'stability', columns, stability),
  ];
}

export const renderServo = ofBoundary((boundary, view) => {
  const { servo, currentDS, readings, counters } = boundary;
  const rows = [
    ['state', servo.state],
    ['for', ago(servo.forSeconds)],
    ['why', servo.why],
    ['servo', servo.name],
    ['port', servo.port ?? NONE],
    ['offset from master', time(servo.offsetNs)],
    ['mean delay', time(servo.meanDelayNs)],
    ['rate', `${servo.ratePpb.toFixed(3)} ppb`],
    ['error bound', time(servo.errorBoundNs)],
    ['asymmetry may add', time(servo.asymmetryUpToNs)],
    ['uncertain', yesOrNo(currentDS.synchronizationUncertain)],
    ['steps', counters['steps'] ?? 0],
    ['counter read, lost, breaks', `${readings.readings}, ${readings.lost}, ${readings.breaks}`],
  ];
  const more = [...servoRecord(boundary, view), ...servoFollowers(boundary, view)];
  const legend =
    'Error bound: what the master’s time may be off by, but for the asymmetry of the path, which one\n' +
    'path alone cannot show.';
  return [renderTable(view, 'servo', PAIR, rows), ...more, view.colours.dim(legend)].join('\n');
});

/** Who tells a time, on any port, and what is suspicious about it. */
export const renderSources = ofBoundary((boundary, view) => {
  const columns = [{ title: 'alarm', ...LEFT }, { title: 'for' }, { title: 'why', ...LEFT }];
  const alarms = boundary.alarms.map(({ code, forSeconds, why }) => [code, ago(forSeconds), why]);
  const counted = boundary.ports.flatMap((port) =>
    Object.entries(port.counters).map(([what, count]) => [
      port.name,
      what,
      count,
      ...rateCells(view, ({ ptp }) => {
        const same = ptp.boundary?.ports.find((other) => other.port === port.port);
        return same?.counters[what];
      }),
    ]),
  );
  const counters = [
    { title: 'port', ...LEFT },
    { title: 'what', ...LEFT },
    { title: 'count' },
    ...rateColumns(view, 'count'),
  ];
  const heard = boundary.sources.map((source) => [
    source.grandmasterIdentity,
    source.path,
    formatNs(source.offsetNs),
    formatNs(source.errorBoundNs),
    ago(source.forSeconds),
    source.verdict,
  ]);
  const sources = [
    { title: 'grandmaster', ...LEFT },
    { title: 'by', ...LEFT },
    { title: 'offset' },
    { title: 'bound' },
    { title: 'ago' },
    { title: 'is', ...LEFT },
  ];
  return [
    renderTable(view, 'sources', sources, heard),
    renderTable(view, 'masters', MASTER_COLUMNS, masterRows(boundary)),
    renderTable(view, 'alarms', columns, alarms),
    renderTable(view, 'heard and sent', counters, counted),
  ].join('\n');
});
