/** `timeplane measure masks`: what there is to hold a record against. */
import { MASKS } from '../measure/masks/catalogue.js';
import type { CurveLimit, Limit, Mask } from '../measure/masks/mask.js';
import { isConfirmed, MASK_SOURCES, seenIn } from '../measure/masks/sources.js';
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

/** One mask with all its numbers, and who else has each. */
export function maskDetails(mask: Mask): TextTable {
  const { id, title, recommendation, edition, limits, remark } = mask;
  return {
    title: `${id}: ${title}, ${recommendation} (${edition}). ${remark}`,
    head: ['limit', 'is', 'from', 'as also in'],
    rows: limits.flatMap((limit) => {
      const also = alsoIn(mask, limit);
      if ('segments' in limit) return segmentRows(limit).map((row) => [...row, also]);
      const sign = limit.kind === 'dTeHigh' ? '' : '±';
      return [[nameOf(limit), `${sign}${nsText(limit.ns)}`, limit.source, also]];
    }),
  };
}

function alsoIn(mask: Mask, limit: Limit): string {
  const names = seenIn(mask, limit).map((source) => source.id);
  const text = names.length === 0 ? 'nowhere that was found' : names.join(', ');
  return isConfirmed(mask, limit) ? text : `${text}: NOT CONFIRMED`;
}

/** What "as also in" means. */
export function sourcesTable(): TextTable {
  return {
    title:
      'No recommendation itself was read. Limits were compared with what others have; fewer than two: not confirmed',
    head: ['source', 'is', 'of', 'read', 'address'],
    rows: MASK_SOURCES.map((one) => [one.id, one.title, one.of, one.readOn, one.address]),
  };
}

/** The catalogue for programs. */
export function maskDocument(masks: readonly Mask[]) {
  return {
    kind: 'timeplane-measure-masks',
    version: 1,
    sources: MASK_SOURCES,
    masks: masks.map((mask) => ({
      ...mask,
      limits: mask.limits.map((limit) => ({
        ...limit,
        seenIn: seenIn(mask, limit).map((source) => source.id),
        isConfirmed: isConfirmed(mask, limit),
      })),
    })),
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
