/**
 * Cells of meter arrays by names and numbers, both ways. Meters are two-rate three-colour markers
 * (RFC 2698); a cell without rates marks every frame green. Pure.
 */
import { create } from '@bufbuild/protobuf';
import {
  EntitySchema,
  MeterConfigSchema,
  type Entity,
  type MeterEntry,
} from '#protos/p4/v1/p4runtime_pb';
import { failure, success, type Result } from '#units/result';
import type { EntityErrorCode } from './entities.js';
import type { MeterInfo, P4InfoIndex } from './p4info.js';

type Built<T> = Result<T, EntityErrorCode>;

/** Rates in frames or octets a second, bursts in frames or octets, as the P4Info has it. */
export interface MeterRates {
  readonly committedRate: bigint;
  readonly committedBurst: bigint;
  readonly peakRate: bigint;
  readonly peakBurst: bigint;
}

export interface MeterCell {
  readonly meter: string;
  readonly cell: number;
  readonly rates: MeterRates | null;
}

/** A rate without yellow: what is above it is red. */
export function singleRate(rate: bigint, burst: bigint): MeterRates {
  return { committedRate: rate, committedBurst: burst, peakRate: rate, peakBurst: burst };
}

/** Builds a cell, to be written (MODIFY) or, for its key alone, to be read. Errors: `p4info-unknown`,
 * `entity-value` for a cell outside of the array and for rates that no switch takes. */
export function buildMeterCell(index: P4InfoIndex, spec: MeterCell): Built<Entity> {
  const found = index.meters.byName(spec.meter);
  if (!found.ok) return found;
  const meter = found.value;
  const inArray = Number.isInteger(spec.cell) && spec.cell >= 0 && BigInt(spec.cell) < meter.size;
  if (!inArray) {
    return failure('entity-value', `meter ${spec.meter} has ${meter.size} cells, not ${spec.cell}`);
  }
  const checked = spec.rates === null ? success(null) : checkRates(meter, spec.rates);
  if (!checked.ok) return checked;
  const config = spec.rates === null ? {} : { config: configOf(spec.rates) };
  const value = { meterId: meter.id, index: { index: BigInt(spec.cell) }, ...config };
  return success(create(EntitySchema, { entity: { case: 'meterEntry', value } }));
}

const INT64_LIMIT = 1n << 63n;

function checkRates(meter: MeterInfo, rates: MeterRates): Built<null> {
  const values = Object.values(rates) as bigint[];
  const bad = values.find((value) => value < 0n || value >= INT64_LIMIT);
  if (bad !== undefined) return failure('entity-value', `meter ${meter.name} cannot have ${bad}`);
  return rates.peakRate < rates.committedRate
    ? failure('entity-value', `meter ${meter.name}: the peak rate is below the committed one`)
    : success(null);
}

function configOf({ committedRate, committedBurst, peakRate, peakBurst }: MeterRates) {
  return create(MeterConfigSchema, {
    cir: committedRate,
    cburst: committedBurst,
    pir: peakRate,
    pburst: peakBurst,
  });
}

/** A request for all cells of an array. */
export function wildcardMeter(index: P4InfoIndex, name: string): Built<Entity> {
  const meter = index.meters.byName(name);
  if (!meter.ok) return meter;
  const value = { meterId: meter.value.id };
  return success(create(EntitySchema, { entity: { case: 'meterEntry', value } }));
}

/** The inverse of `buildMeterCell`. */
export function decodeMeterCell(index: P4InfoIndex, entry: MeterEntry): Built<MeterCell> {
  const meter = index.meters.byId(entry.meterId);
  if (!meter.ok) return meter;
  const { name, size } = meter.value;
  const cell = entry.index?.index;
  if (cell === undefined || cell < 0n || cell >= size) {
    return failure('entity-value', `meter ${name} has ${size} cells, not ${String(cell)}`);
  }
  const { config } = entry;
  const rates =
    config === undefined
      ? null
      : {
          committedRate: config.cir,
          committedBurst: config.cburst,
          peakRate: config.pir,
          peakBurst: config.pburst,
        };
  return success({ meter: name, cell: Number(cell), rates });
}
