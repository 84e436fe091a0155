/**
 * Where the catalogue's numbers have been seen. No recommendation itself was read; so each limit says who
 * else has it, and those that fewer than two independent ones have are told with the mask.
 */
import type { Limit, Mask } from './mask.js';

export interface MaskSource {
  readonly id: string;
  readonly title: string;
  readonly address: string;
  /** The edition that it says it is of. */
  readonly of: string;
  /** When it was read. */
  readonly readOn: string;
}

const READ_ON = '2026-11-22';

export const MASK_SOURCES = [
  {
    id: 'calnex',
    title: 'Calnex, one-page summaries of the recommendations',
    address: 'https://calnexsolutions.atlassian.net/wiki/spaces/GDW/pages/10027019',
    of: 'G.8273.2 (10/2020) Amd. 2 (11/2022), G.8273.3 (10/2020), G.8271.1 (05/2025), G.8272 (11/2018)',
    readOn: READ_ON,
  },
  {
    id: 'kshana',
    title: 'kshana, telecom timing: limits by table and clause',
    address: 'https://github.com/ashfordeOU/kshana (docs/TELECOM-TIMING.md)',
    of: 'G.8272 (07/2025), G.8273.2 (2023) Amd. 2 (11/2025), G.8271.1 (2022) Amd. 3 (05/2025)',
    readOn: READ_ON,
  },
  {
    id: 'allantools',
    title: 'allantools, masks of clocks',
    address: 'https://github.com/aewallin/allantools (allantools/mask.py)',
    of: 'G.811 (1997) Amd. 1 (04/2016), G.8272 (11/2018)',
    readOn: READ_ON,
  },
  {
    id: 'mobatime',
    title: 'Mobatime, glossary: PRTC',
    address: 'https://mobatime.com/support/glossary/prtc',
    of: 'G.8272',
    readOn: READ_ON,
  },
] as const satisfies readonly MaskSource[];

type SourceId = (typeof MASK_SOURCES)[number]['id'];
type SeenIn = Readonly<Partial<Record<Limit['kind'], readonly SourceId[]>>>;

const BOTH = ['calnex', 'kshana'] as const;
const BOUNDARY: SeenIn = { maxTe: BOTH, cTe: BOTH, mtie: BOTH, tdev: BOTH, dTeHigh: ['calnex'] };
const SUMMARY = ['calnex'] as const;
const TRANSPARENT: SeenIn = {
  maxTe: SUMMARY,
  cTe: SUMMARY,
  mtie: SUMMARY,
  tdev: SUMMARY,
  dTeHigh: SUMMARY,
};
const REFERENCE: SeenIn = {
  maxTe: ['calnex', 'kshana', 'mobatime'],
  mtie: ['kshana', 'allantools'],
  tdev: ['kshana', 'allantools'],
};

const SEEN_IN: Readonly<Record<string, SeenIn>> = {
  'g8273.2-a': BOUNDARY,
  'g8273.2-b': BOUNDARY,
  'g8273.2-c': BOUNDARY,
  'g8273.2-d': { maxTe: BOTH },
  'g8273.3-a': TRANSPARENT,
  'g8273.3-b': TRANSPARENT,
  'g8271.1-c': { maxTe: BOTH, mtie: ['kshana'] },
  'g8271.1-c-enhanced': { maxTe: ['kshana'], mtie: ['kshana'] },
  g811: { mtie: ['allantools'], tdev: ['allantools'] },
  'g8272-a': REFERENCE,
  'g8272-b': REFERENCE,
};

/** Who else has a limit of a mask; empty: nobody that was found. */
export function seenIn({ id }: Mask, { kind }: Limit): readonly MaskSource[] {
  const ids: readonly string[] = SEEN_IN[id]?.[kind] ?? [];
  return MASK_SOURCES.filter((source) => ids.includes(source.id));
}

/** Two independent ones at least. */
export function isConfirmed(mask: Mask, limit: Limit): boolean {
  return seenIn(mask, limit).length >= 2;
}
