import { describe, expect, it } from 'vitest';
import { indexP4Info } from '#p4rt/p4info';
import { entityContent, entityKey } from '#p4rt/identity';
import {
  buildMeterCell,
  decodeMeterCell,
  singleRate,
  wildcardMeter,
  type MeterCell,
} from '#p4rt/meters';
import { reconcile } from '#p4rt/reconcile';
import { Update_Type, type Entity } from '#protos/p4/v1/p4runtime_pb';
import { METERS_INFO } from '../server/meters-fixture.js';

const indexed = indexP4Info(METERS_INFO);
if (!indexed.ok) throw new Error(indexed.error.message);
const index = indexed.value;

const LIMIT: MeterCell = { meter: 'packets', cell: 2, rates: singleRate(256n, 64n) };

function cell(spec: MeterCell): Entity {
  const built = buildMeterCell(index, spec);
  if (!built.ok) throw new Error(built.error.message);
  return built.value;
}

describe('cells of meters', () => {
  it.each<MeterCell>([
    { ...LIMIT, meter: 'MetersIngress.packets' },
    { meter: 'MetersIngress.bytes', cell: 7, rates: null },
    {
      meter: 'MetersEgress.late',
      cell: 0,
      rates: { committedRate: 1n, committedBurst: 2n, peakRate: 3n, peakBurst: (1n << 63n) - 1n },
    },
  ])('decode to what they were built from (%#)', (spec) => {
    const { entity } = cell(spec);
    if (entity.case !== 'meterEntry') throw new Error('no meter');
    expect(decodeMeterCell(index, entity.value)).toEqual({ ok: true, value: spec });
  });

  it('are known by their unit', () => {
    const units = ['packets', 'bytes'].map((name) => index.meters.byName(name));
    expect(units).toMatchObject([{ value: { unit: 'packets' } }, { value: { unit: 'bytes' } }]);
  });

  it.each<[string, Partial<MeterCell>, string]>([
    ['no such meter', { meter: 'nonsense' }, 'p4info-unknown'],
    ['a direct meter', { meter: 'exact_meter' }, 'p4info-unknown'],
    ['a cell beyond the array', { cell: 4 }, 'entity-value'],
    ['half a cell', { cell: 0.5 }, 'entity-value'],
    ['a negative rate', { rates: singleRate(-1n, 1n) }, 'entity-value'],
    ['a burst of more than 63 bits', { rates: singleRate(1n, 1n << 63n) }, 'entity-value'],
    ['a peak below the rate', { rates: { ...singleRate(2n, 1n), peakRate: 1n } }, 'entity-value'],
  ])('are refused with %s', (_what, part, code) => {
    expect(buildMeterCell(index, { ...LIMIT, ...part })).toMatchObject({ error: { code } });
  });

  it('that a switch cannot have are a named error', () => {
    const { entity } = cell(LIMIT);
    if (entity.case !== 'meterEntry') throw new Error('no meter');
    const { meterId, $typeName } = entity.value;
    const decoded = [
      decodeMeterCell(index, { $typeName, meterId: 1 }),
      decodeMeterCell(index, { $typeName, meterId }),
    ];
    expect(decoded).toMatchObject([
      { error: { code: 'p4info-unknown' } },
      { error: { code: 'entity-value' } },
    ]);
  });

  it('have the cell for their key, and the rates for their content', () => {
    const [a, b] = [cell(LIMIT), cell({ ...LIMIT, rates: null })];
    expect(entityKey(a)).toBe(entityKey(b));
    expect(entityContent(a)).not.toBe(entityContent(b));
    expect(entityKey(a)).not.toBe(entityKey(cell({ ...LIMIT, cell: 3 })));
    const all = wildcardMeter(index, 'packets');
    expect(all.ok && all.value.entity.case === 'meterEntry' && all.value.entity.value).toEqual(
      expect.not.objectContaining({ index: expect.anything() as unknown }),
    );
  });
});

describe('reconciling meters', () => {
  const configured = (at: number, rate: bigint) =>
    cell({ ...LIMIT, cell: at, rates: singleRate(rate, 64n) });
  const bare = (at: number) => cell({ ...LIMIT, cell: at, rates: null });

  it('modifies what differs, takes back what is not wanted, and leaves the rest alone', () => {
    const actual = [configured(0, 256n), configured(1, 1n), configured(2, 5n), bare(3)];
    const desired = [configured(0, 256n), configured(1, 256n)];
    expect(reconcile(desired, actual)).toMatchObject([
      { type: Update_Type.MODIFY, entity: bare(2) },
      { type: Update_Type.MODIFY, entity: configured(1, 256n) },
    ]);
    expect(reconcile([...desired, bare(2)], [...desired, bare(2)])).toEqual([]);
  });

  it('never inserts: a meter is always there', () => {
    expect(reconcile([configured(0, 256n)], [])).toMatchObject([{ type: Update_Type.MODIFY }]);
  });

  it('takes a config back by a message without one', () => {
    const [update] = reconcile([], [configured(2, 5n)]);
    const entity = update?.entity?.entity;
    expect(entity?.case === 'meterEntry' && entity.value.config).toBeUndefined();
    expect(update?.type).toBe(Update_Type.MODIFY);
  });
});
