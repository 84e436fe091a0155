/** The answer, and why: every figure is taken from the results, none is written here. */
import { cellText } from '#lab/study/report';
import { markdownTable, mean, withUnit, type Results } from './study-results.js';

const HARDWARE = 'linuxptp, hardware stamps';
const SOFTWARE = 'linuxptp, software stamps';

/** Both kinds of a row, "20 ns ± 1 against 30 ns ± 2". */
function pair(results: Results, condition: string, servo: string, switches: number): string {
  const of = (kind: string) => results.rms(condition, `${kind}, ${servo}`, switches);
  return `${of('BC')} behind boundary clocks, ${of('TC')} behind transparent ones`;
}

const command = (number: string) => `(\`timeplane lab study ${number}\`)`;

/** Up to which hop boundary clocks are better with a peak of so many dB, kp as ours. */
function upTo(results: Results, peakDb: number): string {
  const table = results.table('002', 'From linuxptp');
  const kp = mean(table.rows.find((row) => mean(row[0] ?? '') < 0.6)?.[0] ?? '');
  const found = table.rows.find((row) => row[0] === kp && row[2] === peakDb);
  return cellText(found?.[3] ?? '–');
}

export function answer(results: Results): string {
  const follow = (kind: string) =>
    withSeconds(results.cell('005', 'Another', [kind, 10], 'follows after, s'));
  const lines = [
    `**Boundary clocks, if you choose the servo of every one of them** and it peaks by no more than 0.1 dB, as ours: with white noise ten are at ${pair(results, 'white', 'ours', 10)}; thirty at ${pair(results, 'white', 'ours', 30)} ${command('004')}.`,
    `**Transparent clocks, if you do not**: with linuxptp’s gains for hardware stamps at one Sync a second (3.2 dB) ten are at ${pair(results, 'white', HARDWARE, 10)} ${command('004')}. No number of such boundary clocks is better.`,
    `**Transparent clocks, where crystals wander faster than servos follow**: in one draught ten are at ${pair(results, 'wander', 'ours', 10)} ${command('004')}. Boundary clocks lag once each.`,
    `**Either, against load**: at 80 % sixteen transparent clocks are at ${results.rms('loaded', 'TC, ours', 16)}, idle at ${results.rms('white', 'TC, ours', 16)}, boundary clocks at ${results.rms('loaded', 'BC, ours', 16)} either way; sixteen switches that know nothing of PTP are at ${results.rms('loaded', 'switches, ours', 16)} ${command('004')}. Some PTP everywhere comes before the choice between the two.`,
    `**Either, when the grandmaster dies**: a client behind ten follows another one after ${follow('boundary clocks')} or ${follow('transparent clocks')} ${command('005')}.`,
  ];
  return lines.map((line, index) => `${index + 1}. ${line}`).join('\n');
}

function withSeconds(cell: Parameters<typeof withUnit>[0]): string {
  return `${cellText(cell, 2)} s`;
}

export function reasons(results: Results): string {
  return [
    '## When to choose which',
    choices(results),
    '## Why they cross',
    `A transparent clock adds the noise of its stamps, and filters nothing: behind N of them it is σ √N, and the client’s servo |H| filters it once. A boundary clock filters all that is above it and adds noise of its own, which all below filter in turn: σ² Σ |H|^2k, k from 1 to N. As long as |H| is nowhere above 1, that sum hardly grows. Where it is, the k-th power of the peak wins in the end, so boundary clocks get worse exponentially: they are better up to hop ${upTo(results, 0.1)} with a peak of 0.1 dB, ${upTo(results, 0.5)} with 0.5 dB, ${upTo(results, 1)} with 1 dB, ${upTo(results, 2)} with 2 dB, and never with 3 dB (kp as ours; closed form, ${'`timeplane lab study 002`'}). The bandwidth hardly changes that.`,
    `Wander is the other way round. What a servo lags behind its own crystal, the next one inherits and adds its own: N times one lag and more where crystals wander together, as here. Transparent clocks have no servo, so only the client’s lags: one is at ${pair(results, 'wander', 'ours', 1)}, thirty at ${pair(results, 'wander', 'ours', 30)} ${command('004')}. A wider loop lags less and lets more noise through: ${results.rms('wander', `BC, ${HARDWARE}`, 4)} behind four boundary clocks with gains of 0.7 and 0.3.`,
    `Real noise has a tail. With the kernel’s stamps on virtual links outlier filters have something to do in every boundary clock, and only once behind transparent clocks, whose sum of tails looks normal by then: ten are at ${pair(results, 'kernel', 'ours', 10)}. Behind switches that know nothing of PTP, with 30 % of load, the same is true of few: four are at ${pair(results, 'partial', 'ours', 4)}; thirty at ${pair(results, 'partial', 'ours', 30)} ${command('004')}.`,
    `Asymmetry that nobody knows adds up in both alike: ten are at ${pair(results, 'asymmetry', 'ours', 10)} ${command('004')}. Neither can see it.`,
  ].join('\n\n');
}

function choices(results: Results): string {
  const rms = (condition: string, contender: string, switches: number) =>
    results.rms(condition, contender, switches);
  const rows = [
    [
      'servos of all switches are yours and peak by 0.1 dB at most',
      'boundary',
      `20 in a row: ${rms('white', 'BC, ours', 20)} against ${rms('white', 'TC, ours', 20)}`,
      '004',
    ],
    [
      'servos as they come, hardware stamps',
      'transparent',
      `4 in a row: ${rms('white', `TC, ${HARDWARE}`, 4)} against ${rms('white', `BC, ${HARDWARE}`, 4)}`,
      '004',
    ],
    [
      'servos as they come, software stamps (0.6 dB)',
      'boundary for few, transparent for many',
      `8 in a row: BC ${rms('white', `BC, ${SOFTWARE}`, 8)}, TC ${rms('white', `TC, ${SOFTWARE}`, 8)}; 30: BC ${rms('white', `BC, ${SOFTWARE}`, 30)}, TC ${rms('white', `TC, ${SOFTWARE}`, 30)}`,
      '004',
    ],
    [
      'oscillators that move fast: a draught, no oven, one Sync a second',
      'transparent',
      `10 in a row: ${rms('wander', 'TC, ours', 10)} against ${rms('wander', 'BC, ours', 10)}`,
      '004',
    ],
    [
      'some switches know nothing of PTP',
      'boundary between few of them',
      `4 in a row: ${rms('partial', 'BC, ours', 4)} against ${rms('partial', 'TC, ours', 4)}`,
      '004',
    ],
    [
      'heavy tails: software stamps, hosts',
      'boundary',
      `10 in a row: ${rms('kernel', 'BC, ours', 10)} against ${rms('kernel', 'TC, ours', 10)}`,
      '004',
    ],
    [
      'constant errors decide (a budget of classes)',
      'either',
      `class C within 100 ns: ${cellText(results.cell('006', 'Clocks', ['C', 100], 'BC, 95 % of chains'), 3)} BC, ${cellText(results.cell('006', 'Clocks', ['C', 100], 'TC, 95 % of chains'), 3)} TC in 95 % of chains; 10 for certain`,
      '006',
    ],
  ];
  return markdownTable(
    ['where', 'choose', 'root mean square of the client’s error', 'command'],
    rows.map(([where = '', choose = '', figure = '', number = '']) => [
      where,
      choose,
      figure,
      `\`timeplane lab study ${number}\``,
    ]),
  );
}

export function costs(results: Results): string {
  const p2p = (syntonized: string) =>
    withUnit(results.cell('007', 'Mean', ['p2p', 1_000, 10, syntonized], 'found'));
  const step = (kind: string, granularityNs: number) =>
    withUnit(results.cell('008', 'Error', [kind, granularityNs, 4], 'rms'));
  const quantised = (granularityNs: number, count: number) =>
    withUnit(results.cell('001', 'σ', [granularityNs, count], 'found'));
  return [
    '## What it costs',
    `A boundary clock is a clock: an oscillator that is disciplined, a servo with state, a port state machine, an attack surface. The grandmaster serves its neighbours only, however many clients there are. A transparent clock is stateless but for two-step records; every client’s Delay_Req reaches the grandmaster, which has to answer them all, and every client steers by the same Sync.`,
    markdownTable(
      ['what', 'costs', 'command'],
      [
        [
          'a transparent clock that is 20 ppm off and not syntonized, peer-to-peer, 1 ms of residence, ten in a row',
          `${p2p('no')}; syntonized ${p2p('yes')}; end-to-end it falls out of the offset`,
          '`timeplane lab study 007`',
        ],
        [
          'two-step instead of one-step at the MAC, 8 ns stamps, four in a row',
          `nothing: ${step('two-step', 8)} against ${step('one-step at the MAC', 8)}`,
          '`timeplane lab study 008`',
        ],
        [
          'one-step in software, which predicts when a frame leaves, 8 ns stamps, four in a row',
          step('one-step, predicted', 8),
          '`timeplane lab study 008`',
        ],
        [
          'stamps of 1 µs (bmv2) instead of 8 ns or 1 ns, two-step, four in a row',
          `${step('two-step', 1_000)} instead of ${step('two-step', 8)} or ${step('two-step', 1)}`,
          '`timeplane lab study 008`',
        ],
        [
          'the correctionField of ten transparent clocks with such stamps, σ',
          `${quantised(1_000, 10)} of 1 µs, ${quantised(8, 10)} of 8 ns`,
          '`timeplane lab study 001`',
        ],
      ],
    ),
  ].join('\n\n');
}
