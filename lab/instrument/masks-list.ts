/** `timeplane measure masks`: what there is to hold a record against. */
import { MASKS } from '../measure/masks/catalogue.js';
import type { CurveLimit, Limit, Mask } from '../measure/masks/mask.js';
import { nsText, secondsText, type TextTable } from './tables.js';

export function maskCatalogue(): TextTable {
  return {
    title: 'Masks',
    head: ['mask', 'of', 'recommendation', 'edition'],
    rows: MASKS.map(({ id, title, recommendation, edition }) => [
      id,
      title,
      recommendation,
      edition,
    ]),
  };
}

/** One mask with all its numbers. */
export function maskDetails({
  id,
  title,
  recommendation,
  edition,
  limits,
  remark,
}: Mask): TextTable {
  return {
    title: `${id}: ${title}, ${recommendation} (${edition}). ${remark}`,
    head: ['limit', 'is', 'from'],
    rows: limits.flatMap((limit) =>
      'segments' in limit
        ? segmentRows(limit)
        : [
            [
              nameOf(limit),
              `${limit.kind === 'dTeHigh' ? '' : '±'}${nsText(limit.ns)}`,
              limit.source,
            ],
          ],
    ),
  };
}

function nameOf(limit: Limit): string {
  const names = {
    maxTe: 'max|TE|',
    cTe: 'cTE',
    dTeHigh: 'dTE_H peak to peak',
    mtie: 'MTIE',
    tdev: 'TDEV',
  };
  const isLow = 'band' in limit && limit.band === 'low';
  return `${names[limit.kind]}${isLow ? ' below 0.1 Hz' : ''}`;
}

function segmentRows(limit: CurveLimit): string[][] {
  return limit.segments.map(({ from, to, offsetNs, slopeNsPerSecond }) => {
    const rise = slopeNsPerSecond === 0 ? '' : `${slopeNsPerSecond} ns/s · τ`;
    const constant = offsetNs === 0 && rise !== '' ? '' : nsText(offsetNs);
    const value = [constant, rise].filter((part) => part !== '').join(' + ');
    const range =
      to === Infinity
        ? `τ > ${secondsText(from)}`
        : `${secondsText(from)} < τ ≤ ${secondsText(to)}`;
    return [nameOf(limit), `${value}, ${range}`, limit.source];
  });
}
