/** MeterConfig between messages and the engine. */
import { create } from '@bufbuild/protobuf';
import { MeterSpec_Type } from '#protos/p4/config/v1/p4info_pb';
import type { MeterConfig } from '#protos/p4/v1/p4runtime_pb';
import { MeterConfigSchema } from '#protos/p4/v1/p4runtime_pb';
import type { MeterRates } from '../engine-port.js';
import type { Outcome } from '../errors.js';
import { DONE, done, invalid } from '../errors.js';
import { unimplemented } from '../unimplemented.js';

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
  if (type === MeterSpec_Type.SINGLE_RATE_THREE_COLOR) return unimplemented('singleRateMeters');
  if (config === undefined) return done(null);
  const checked = check(what, type, config);
  return checked.ok
    ? done({
        committedRate: config.cir,
        committedBurst: config.cburst,
        peakRate: config.pir,
        peakBurst: config.pburst,
      })
    : checked;
}

function check(what: string, type: MeterSpec_Type, config: MeterConfig): Outcome<void> {
  const { cir, cburst, pir, pburst, eburst } = config;
  if ([cir, cburst, pir, pburst].some((value) => value < 0n)) {
    return invalid(`${what}: rates and bursts cannot be negative`);
  }
  if (eburst !== 0n) return invalid(`${what}: eburst is for meters of one rate and three colours`);
  if (pir < cir) return invalid(`${what}: pir ${pir} is below cir ${cir}`);
  if (type === MeterSpec_Type.SINGLE_RATE_TWO_COLOR && (pir !== cir || pburst !== cburst)) {
    return invalid(`${what} has one rate: pir and pburst must be cir and cburst`);
  }
  return DONE;
}

export function meterConfigOf(rates: MeterRates): MeterConfig {
  return create(MeterConfigSchema, {
    cir: rates.committedRate,
    cburst: rates.committedBurst,
    pir: rates.peakRate,
    pburst: rates.peakBurst,
  });
}
