/** docs/profiles.md, from the data that the agent runs on. */
import type { Profile, Range } from '#ptp/profiles/profile';
import { PROFILES } from '#ptp/profiles/profiles';
import { rangeText } from '#ptp/profiles/check-choices';

type Column = readonly [title: string, cell: (profile: Profile) => string];

const code = (text: string): string => `\`${text}\``;
const list = (parts: readonly (string | number)[]): string => parts.join(', ') || '–';

/** The initial value, and what else there may be. */
function figure(range: Range): string {
  const { initial, low, high } = range;
  return low === high && initial === low ? `${initial}` : `${initial} (${rangeText(range)})`;
}

function delayInterval(mechanism: 'e2e' | 'p2p', range: Range, profile: Profile): string {
  return profile.delayMechanisms.includes(mechanism) ? figure(range) : '–';
}

function tagOf({ tag, dscp }: Profile): string {
  const marks = dscp === null ? [] : [`DSCP ${dscp}`];
  if (tag === null) return list(marks);
  const text =
    tag.presence === 'forbidden'
      ? 'no tag'
      : `tag ${tag.presence}: VLAN ${tag.vlan}, priority ${tag.priority}`;
  return list([text, ...marks]);
}

function groupsOf({ transports }: Profile): string {
  return transports
    .map(
      ({ transport, groups }) =>
        `${transport} ${groups.map(({ general }) => general).join(' or ')}`,
    )
    .join('; ');
}

function ladderOf({ clockClassLadder: ladder }: Profile): string {
  const { freeRun, holdoverInSpecification: within, holdoverOutOfSpecification: beyond } = ladder;
  if (within === freeRun && beyond === freeRun) return `${freeRun} always`;
  return `${freeRun}; holdover ${within} for ${ladder.holdoverSeconds} s, then ${beyond}`;
}

function tlvsOf({ tlvs }: Profile): string {
  return list(Object.entries(tlvs).map(([tlv, rule]) => (rule === 'required' ? tlv : `${tlv}?`)));
}

const TABLES: readonly (readonly [title: string, text: string, columns: readonly Column[]])[] = [
  [
    'Which there are',
    'A profileIdentity that is not given here is one that could not be checked, not one that there is not.',
    [
      ['what', ({ title }) => title],
      ['from', ({ source }) => source],
      ['profileIdentity', ({ profileIdentity }) => profileIdentity ?? '–'],
      ['clocks', ({ clockKinds }) => list(clockKinds)],
    ],
  ],
  [
    'How messages travel',
    'The first of each is used unless another is chosen. Groups are those of all messages but peer delay, which has 01:80:c2:00:00:0e, 224.0.0.107 and ff02::6b.',
    [
      ['domain', ({ domainNumber }) => figure(domainNumber)],
      ['sdoId', ({ sdoId }) => `0x${sdoId.toString(16).padStart(3, '0')}`],
      ['transports and groups', groupsOf],
      ['to', ({ messaging }) => list(messaging)],
      ['marks', tagOf],
      ['delay', ({ delayMechanisms }) => list(delayMechanisms)],
    ],
  ],
  [
    'Intervals',
    'log2 of seconds; the initial value, and in brackets what may be chosen. Receipt timeouts count intervals; Sync 0 is not watched.',
    [
      ['Announce', ({ intervals }) => figure(intervals.logAnnounceInterval)],
      ['Sync', ({ intervals }) => figure(intervals.logSyncInterval)],
      [
        'Delay_Req',
        (profile) => delayInterval('e2e', profile.intervals.logMinDelayReqInterval, profile),
      ],
      [
        'Pdelay_Req',
        (profile) => delayInterval('p2p', profile.intervals.logMinPdelayReqInterval, profile),
      ],
      ['Announce timeout', ({ announceReceiptTimeout }) => figure(announceReceiptTimeout)],
      ['Sync timeout', ({ syncReceiptTimeout }) => `${syncReceiptTimeout.initial}`],
      ['unicast s', ({ unicast }) => (unicast === null ? '–' : figure(unicast.durationSeconds))],
    ],
  ],
  [
    'Election',
    'A clockClass can be chosen out of those of a grandmaster, for a clock that has a time source of its own. TLVs with a question mark may be there.',
    [
      ['comparison', ({ comparison }) => comparison],
      ['priority1', ({ priority1 }) => figure(priority1)],
      ['priority2', ({ priority2 }) => figure(priority2)],
      ['localPriority', ({ localPriority }) => figure(localPriority)],
      ['clockClass', ladderOf],
      ['of a grandmaster', (profile) => list(profile.grandmasterClasses.map((c) => c.clockClass))],
      ['TLVs', tlvsOf],
    ],
  ],
];

/** Padded as prettier pads it. */
function table(columns: readonly Column[]): string {
  const rows = PROFILES.map((profile) => [
    code(profile.name),
    ...columns.map(([, cell]) => cell(profile)),
  ]);
  const all = [['profile', ...columns.map(([title]) => title)], ...rows];
  const widths = all[0]?.map((_, index) => Math.max(...all.map((row) => row[index]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, index) => cell.padEnd(widths?.[index] ?? 0)).join(' | ')} |`;
  const rule = `| ${(widths ?? []).map((width) => '-'.repeat(width)).join(' | ')} |`;
  const [head = [], ...body] = all;
  return [line(head), rule, ...body.map(line)].join('\n');
}

export function profilesDocument(): string {
  return `${[
    '# Profiles',
    'Printed by a test from the files in `control-plane/ptp/profiles`; do not edit.',
    'A profile is chosen for an instance, and what it leaves open is chosen beside it, for the instance or for a port: see [agent.md](agent.md). A value that it does not allow is refused with its name, unless `outsideProfile` says that it is meant; one that the standard does not have is refused always.',
    ...TABLES.flatMap(([title, text, columns]) => [`## ${title}`, text, table(columns)]),
    '## What is ours',
    '- **data-centre** is made here. Nothing is forwarded, each switch speaks to its neighbours; peer delay, so that every link is measured before a failover needs it; G.8275’s comparison, since a fabric has several grandmasters and is to use the nearest; Sync is watched, so that a lost master is gone after a quarter of a second.',
    '- **g8265.1** has no boundary clocks. Its slave takes the best quality level and then its own order of masters, which is G.8275’s comparison where all else that an Announce says is fixed.',
    '- **802.1as** is a relay by its outside: its messages, its election, and links that have to be asCapable.',
    '- **c37.238-2011** looks at no Announce without both of its TLVs.',
    '- Where G.8265.1 and G.8275.2 give only the ends of what may be asked for, 16 Sync and 16 Delay_Resp a second are asked for.',
    '- How long holdover is within specification G.8275 does not say: 0 s until `holdoverSeconds` says more.',
  ].join('\n\n')}\n`
    .replace(/\n\n- (?=.*)/g, '\n- ')
    .replace('## What is ours\n- ', '## What is ours\n\n- ');
}
