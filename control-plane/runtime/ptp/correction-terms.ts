/** What a correction has beside residence: the dataplane's timing.p4, reckoned again. Pure. */
import { MESSAGE_TYPE } from '#dataplane/program';
import {
  modeFor,
  type PortSettings,
  type PtpInstance,
  type SwitchSettings,
} from '#dataplane/settings';
import { portValue } from '#units/identity';
import { scaledUnits, type ScaledNs } from '#units/time';

export interface CorrectedMessage extends PtpInstance {
  readonly ingressPort: number;
  readonly egressPort: number;
  readonly messageType: number;
}

/** What was measured, and written to the switch. */
export interface WrittenMeasurements {
  /** Null: nothing. */
  readonly meanLinkDelay: (port: number) => ScaledNs | null;
  /** Signed, (rate - 1) × 2^41; 0: none. */
  readonly rateOffset: (instance: PtpInstance) => number;
}

const RATE_SCALE = 2 ** 41;

/** In 2^-16 ns, with what the grandmaster's rate makes of `residenceNs`. Unknown ports add nothing. */
export function correctionTerms(
  settings: SwitchSettings,
  message: CorrectedMessage,
  residenceNs: number,
  written: WrittenMeasurements,
): bigint {
  const portOf = (number: number): PortSettings | undefined =>
    settings.ports.find((port) => portValue(port.number) === number);
  const rate = Math.round((residenceNs * 2 ** 16 * written.rateOffset(message)) / RATE_SCALE);
  return (
    ingressTerms(portOf(message.ingressPort), message, written) +
    egressTerms(portOf(message.egressPort), message) +
    BigInt(rate)
  );
}

/** 11.6: a message from the timeTransmitter takes the mean delay plus the asymmetry. */
function ingressTerms(
  port: PortSettings | undefined,
  message: CorrectedMessage,
  written: WrittenMeasurements,
): bigint {
  if (port === undefined) return 0n;
  const { messageType, ingressPort } = message;
  const isSync = messageType === MESSAGE_TYPE.sync;
  const { ingressLatency, delayAsymmetry } = port.timing;
  let terms = scaledUnits(ingressLatency);
  if (isSync || messageType === MESSAGE_TYPE.pdelayResp) terms += scaledUnits(delayAsymmetry);
  if (isSync && modeFor(port, message) === 'transparentP2P') {
    const meanLinkDelay = written.meanLinkDelay(ingressPort);
    terms += meanLinkDelay === null ? 0n : scaledUnits(meanLinkDelay);
  }
  return terms;
}

function egressTerms(port: PortSettings | undefined, { messageType }: CorrectedMessage): bigint {
  if (port === undefined) return 0n;
  const { egressLatency, delayAsymmetry } = port.timing;
  const isRequest = messageType === MESSAGE_TYPE.delayReq || messageType === MESSAGE_TYPE.pdelayReq;
  return scaledUnits(egressLatency) - (isRequest ? scaledUnits(delayAsymmetry) : 0n);
}
