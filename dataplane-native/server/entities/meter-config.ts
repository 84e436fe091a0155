/** MeterConfig and MeterCounterData between messages and the engine. */
import { create } from '@bufbuild/protobuf';
import { MeterSpec_Type } from '#protos/p4/config/v1/p4info_pb';
import type { MeterConfig, MeterCounterData } from '#protos/p4/v1/p4runtime_pb';
import { MeterConfigSchema, MeterCounterDataSchema } from '#protos/p4/v1/p4runtime_pb';
import type { MeterCounts, MeterRates } from '../engine-port.js';
import type { Outcome } from '../errors.js';
import { DONE, done, invalid } from '../errors.js';
import { counterDataOf } from './counter-data.js';

/**
 * What the engine gets: null for no config, which is green for every frame. Two rates of which both
 * are the same mark as a single rate with two colours does (specification 1.5, "MeterEntry &
 * DirectMeterEntry"), so that type differs only in what it takes.
 */
export function meterRatesOf(
  what: string,
  type: MeterSpec_Type,
  config: MeterConfig | undefined,
): Outcome<MeterRates | null> {
  if (config === undefined) return done(null);
  const checked = check(what, type, config);
  if (!checked.ok) return checked;
  const rates = {
    committedRate: config.cir,
    committedBurst: config.cburst,
    peakRate: config.pir,
    peakBurst: config.pburst,
  };
  const isThree = type === MeterSpec_Type.SINGLE_RATE_THREE_COLOR;
  return done(isThree ? { ...rates, excessBurst: config.eburst } : rates);
}

function check(what: string, type: MeterSpec_Type, config: MeterConfig): Outcome<void> {
  const { cir, cburst, pir, pburst, eburst } = config;
  if ([cir, cburst, pir, pburst, eburst].some((value) => value < 0n)) {
    return invalid(`${what}: rates and bursts cannot be negative`);
  }
  if (type !== MeterSpec_Type.SINGLE_RATE_THREE_COLOR && eburst !== 0n) {
    return invalid(`${what}: eburst is for meters of one rate and three colours`);
  }
  if (type !== MeterSpec_Type.TWO_RATE_THREE_COLOR && (pir !== cir || pburst !== cburst)) {
    return invalid(`${what} has one rate: pir and pburst must be cir and cburst`);
  }
  return pir < cir ? invalid(`${what}: pir ${pir} is below cir ${cir}`) : DONE;
}

export function meterConfigOf(rates: MeterRates): MeterConfig {
  return create(MeterConfigSchema, {
    cir: rates.committedRate,
    cburst: rates.committedBurst,
    pir: rates.peakRate,
    pburst: rates.peakBurst,
    eburst: rates.excessBurst ?? 0n,
  });
}

/** A client can only set the counts back. Errors: INVALID_ARGUMENT. */
export function checkMeterCounts(what: string, data: MeterCounterData | undefined): Outcome<void> {
  const isZero = [data?.green, data?.yellow, data?.red].every(
    (count) => count === undefined || (count.packetCount === 0n && count.byteCount === 0n),
  );
  return isZero ? DONE : invalid(`${what}: counts of colours can only be set to 0`);
}

export function meterCounterDataOf({ green, yellow, red }: MeterCounts): MeterCounterData {
  return create(MeterCounterDataSchema, {
    green: counterDataOf(green),
    yellow: counterDataOf(yellow),
    red: counterDataOf(red),
  });
}
