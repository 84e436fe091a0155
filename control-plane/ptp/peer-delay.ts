/**
 * The asking side of the peer-to-peer delay mechanism on one port: IEEE 1588-2019 11.4 and 16.10,
 * 802.1AS-2020 11.2.19 (MDPdelayReq). A pure function from state and input to state and effects.
 *
 * One request is open at a time (the one ahead of it, where they come in pairs, is not waited for).
 * The next timer closes it, whatever is missing: so a lost message
 * costs one sample and nothing waits for ever. Transmit time, response and follow-up may come in any
 * order. What answers another request or another port is counted and changes nothing.
 */
import { portIdentityText } from '#units/clock-identity';
import {
  instant,
  intervalDuration,
  logInterval,
  nanoseconds,
  nsOf,
  scaledUnits,
  seconds,
} from '#units/time';
import { FLAG, isSamePort, sdoIdOf } from '#wire/ptp-header';
import type { PdelayReq, PdelayResp, PdelayRespFollowUp } from '#wire/ptp-message';
import { requestCorrection } from './link-delay.js';
import { EMPTY_FILTER, filterDeviation } from './median-filter.js';
import { asCapability, measureExchange } from './peer-delay-measurement.js';
import type {
  PeerDelayCondition,
  PeerDelayConfig,
  PeerDelayCounters,
  PeerDelayEffect,
  PeerDelayExchange,
  PeerDelayInput,
  PeerDelayMeasurement,
  PeerDelayState,
  PeerDelayStatus,
  PeerDelayStep,
} from './peer-delay-types.js';
import { NO_RATE } from './rate-ratio.js';

/** Exchanges with one responder, in a row, after which a second one is taken to be gone. */
const CLEAN_EXCHANGES = 3;
const COUNTER_MAX = 0xffff_ffff;
/** Table 42: what is neither Sync, Delay_Req, Follow_Up, Delay_Resp nor Management. */
const CONTROL_OTHER = 5;
const NO_LOG_INTERVAL = logInterval(0x7f);

const NOTHING_MEASURED: PeerDelayMeasurement = {
  neighbor: null,
  delays: EMPTY_FILTER,
  rate: NO_RATE,
  last: null,
  meanLinkDelay: null,
};

const NO_COUNTS: PeerDelayCounters = {
  requestsSent: 0,
  responsesReceived: 0,
  followUpsReceived: 0,
  exchangesCompleted: 0,
  responsesLost: 0,
  followUpsLost: 0,
  transmitTimesMissing: 0,
  transmitTimesUnknown: 0,
  responsesToOthers: 0,
  responsesUnmatched: 0,
  responsesOfOtherInstances: 0,
  responsesDuplicate: 0,
  responsesOfOtherPorts: 0,
  responsesOwn: 0,
  delaysNegative: 0,
  delaysRejected: 0,
  delayLevelsChanged: 0,
  neighborsChanged: 0,
  neighborClockSteps: 0,
};

/** A port that does not ask yet. */
export function initialPeerDelay(config: PeerDelayConfig): PeerDelayState {
  return {
    config,
    condition: 'stopped',
    nextSequenceId: 0,
    exchange: null,
    measurement: NOTHING_MEASURED,
    lostResponses: 0,
    lostTransmitTimes: 0,
    cleanExchanges: 0,
    detectedFaults: 0,
    asCapable: false,
    counters: NO_COUNTS,
  };
}

/** One input. Total: every input is allowed in every state. */
export function advancePeerDelay(state: PeerDelayState, input: PeerDelayInput): PeerDelayStep {
  switch (input.kind) {
    case 'start':
      return start(state);
    case 'stop':
      return stop(state);
    case 'configure':
      return configure(state, input.config);
    case 'timer':
      return state.condition === 'stopped' ? still(state) : then(closeExchange(state), request);
    case 'transmitTime': {
      const { exchange } = state;
      if (
        exchange === null ||
        exchange.sequenceId !== input.token ||
        exchange.transmitTime !== null
      ) {
        return still(count(state, 'transmitTimesUnknown'));
      }
      return complete(withExchange(state, { transmitTime: input.transmitTime }));
    }
    case 'message':
      return receive(state, input);
  }
}

export function peerDelayStatus(state: PeerDelayState): PeerDelayStatus {
  const { config, measurement } = state;
  const { last, rate } = measurement;
  return {
    condition: state.condition,
    convention: config.convention,
    logInterval: config.logInterval,
    meanLinkDelay: measurement.meanLinkDelay,
    current: state.condition === 'valid',
    lastLinkDelay: last?.meanLinkDelay ?? null,
    deviation: filterDeviation(measurement.delays),
    neighborRateOffsetPpb: rate.offset === null ? null : rate.offset * 1e9,
    neighbor: measurement.neighbor,
    responderSteps: last?.steps ?? null,
    turnaround: last?.turnaround ?? null,
    asCapable: config.convention === 'ieee8021as' ? state.asCapable : null,
    lostResponses: state.lostResponses,
    counters: state.counters,
  };
}

function still(state: PeerDelayState): PeerDelayStep {
  return { state, effects: [] };
}

function then(first: PeerDelayStep, next: (state: PeerDelayState) => PeerDelayStep): PeerDelayStep {
  const second = next(first.state);
  return { state: second.state, effects: [...first.effects, ...second.effects] };
}

function count(
  state: PeerDelayState,
  ...names: readonly (keyof PeerDelayCounters)[]
): PeerDelayState {
  const counters = { ...state.counters };
  for (const name of names) counters[name] = Math.min(counters[name] + 1, COUNTER_MAX);
  return { ...state, counters };
}

function withExchange(state: PeerDelayState, change: Partial<PeerDelayExchange>): PeerDelayState {
  return state.exchange === null ? state : { ...state, exchange: { ...state.exchange, ...change } };
}

function become(state: PeerDelayState, to: PeerDelayCondition, why: string): PeerDelayStep {
  if (state.condition === to) return still(state);
  const effect: PeerDelayEffect = { kind: 'condition', from: state.condition, to, why };
  const changed: PeerDelayStep = { state: { ...state, condition: to }, effects: [effect] };
  const mayBeCapable = to === 'valid' || to === 'measuring';
  return mayBeCapable ? changed : then(changed, (next) => setAsCapable(next, false));
}

function setAsCapable(state: PeerDelayState, asCapable: boolean): PeerDelayStep {
  if (state.asCapable === asCapable) return still(state);
  return { state: { ...state, asCapable }, effects: [{ kind: 'asCapable', asCapable }] };
}

function start(state: PeerDelayState): PeerDelayStep {
  if (state.condition !== 'stopped') return still(state);
  const fresh = { ...state, lostResponses: 0, lostTransmitTimes: 0, detectedFaults: 0 };
  return then(become(fresh, 'measuring', 'the port began to ask'), request);
}

function stop(state: PeerDelayState): PeerDelayStep {
  if (state.condition === 'stopped') return still(state);
  const known = state.measurement.meanLinkDelay !== null;
  const empty = { ...state, exchange: null, measurement: NOTHING_MEASURED };
  const stopped = become(empty, 'stopped', 'the port stopped asking');
  const withdrawn: PeerDelayEffect[] = known
    ? [{ kind: 'meanLinkDelay', meanLinkDelay: null }]
    : [];
  return { ...stopped, effects: [{ kind: 'cancelTimer' }, ...withdrawn, ...stopped.effects] };
}

function configure(state: PeerDelayState, config: PeerDelayConfig): PeerDelayStep {
  const old = state.config;
  const meansTheSame =
    scaledUnits(old.ingressLatency) === scaledUnits(config.ingressLatency) &&
    scaledUnits(old.egressLatency) === scaledUnits(config.egressLatency) &&
    scaledUnits(old.delayAsymmetry) === scaledUnits(config.delayAsymmetry) &&
    old.convention === config.convention &&
    old.domainNumber === config.domainNumber &&
    old.sdoId === config.sdoId &&
    isSamePort(old.portIdentity, config.portIdentity);
  const { measurement } = state;
  const next: PeerDelayState = meansTheSame
    ? { ...state, config }
    : {
        ...state,
        config,
        exchange: null,
        // The value stands until the first one by the new terms replaces it.
        measurement: { ...NOTHING_MEASURED, meanLinkDelay: measurement.meanLinkDelay },
      };
  if (state.condition === 'stopped' || old.logInterval === config.logInterval) return still(next);
  return { state: next, effects: [nextTimer(config)] };
}

function nextTimer(config: PeerDelayConfig): PeerDelayEffect {
  const interval = intervalDuration(config.logInterval) ?? seconds(1);
  // 7.7.2.5: the interval is a mean. Pairs come half as often.
  return {
    kind: 'setTimer',
    after: config.inPairs ? nanoseconds(2n * nsOf(interval)) : interval,
  };
}

/** Sends the request that is measured, and the one ahead of it where they come in pairs. */
function request(state: PeerDelayState): PeerDelayStep {
  return state.config.inPairs ? then(requestAhead(state), requestMeasured) : requestMeasured(state);
}

function requestAhead(state: PeerDelayState): PeerDelayStep {
  const sequenceId = state.nextSequenceId;
  const next = { ...state, nextSequenceId: (sequenceId + 1) & 0xffff };
  return {
    state: count(next, 'requestsSent'),
    effects: [{ kind: 'sendAhead', message: requestMessage(state.config, sequenceId) }],
  };
}

function requestMeasured(state: PeerDelayState): PeerDelayStep {
  const sequenceId = state.nextSequenceId;
  const exchange: PeerDelayExchange = {
    sequenceId,
    transmitTime: null,
    response: null,
    followUp: null,
    spoiled: false,
    before: null,
  };
  const next = { ...state, exchange, nextSequenceId: (sequenceId + 1) & 0xffff };
  return {
    state: count(next, 'requestsSent'),
    effects: [
      { kind: 'send', message: requestMessage(state.config, sequenceId), token: sequenceId },
      nextTimer(state.config),
    ],
  };
}

/** 11.4.2 a, 13.9; 802.1AS-2020 11.4.5. */
function requestMessage(config: PeerDelayConfig, sequenceId: number): PdelayReq {
  return {
    kind: 'pdelayReq',
    header: {
      majorSdoId: config.sdoId >> 8,
      minorVersionPtp: 1,
      domainNumber: config.domainNumber,
      minorSdoId: config.sdoId & 0xff,
      flags: 0,
      correctionField: requestCorrection(config.delayAsymmetry, config.convention),
      messageTypeSpecific: 0,
      sourcePortIdentity: config.portIdentity,
      sequenceId,
      controlField: CONTROL_OTHER,
      logMessageInterval: config.convention === 'ieee8021as' ? config.logInterval : NO_LOG_INTERVAL,
    },
    tlvs: [],
    originTimestamp: instant(0n),
  };
}

function receive(
  state: PeerDelayState,
  { message, receiveTime }: Extract<PeerDelayInput, { kind: 'message' }>,
): PeerDelayStep {
  const { config, exchange } = state;
  const { header } = message;
  const received = count(
    state,
    message.kind === 'pdelayResp' ? 'responsesReceived' : 'followUpsReceived',
  );
  if (header.domainNumber !== config.domainNumber || sdoIdOf(header) !== config.sdoId) {
    return still(count(received, 'responsesOfOtherInstances'));
  }
  if (!isSamePort(message.requestingPortIdentity, config.portIdentity)) {
    return still(count(received, 'responsesToOthers'));
  }
  if (exchange !== null && isOfRequestAhead(state, exchange, header.sequenceId)) {
    return still(received);
  }
  if (exchange === null || exchange.sequenceId !== header.sequenceId) {
    return still(count(received, 'responsesUnmatched'));
  }
  const source = header.sourcePortIdentity;
  if (source.clockIdentity === config.portIdentity.clockIdentity) {
    return spoil(count(received, 'responsesOwn'), 'own-response', 'our own clock answered');
  }
  const responder = (exchange.response?.message ?? exchange.followUp)?.header.sourcePortIdentity;
  if (responder !== undefined && !isSamePort(responder, source)) {
    const why = `${portIdentityText(responder)} and ${portIdentityText(source)} answered the same request`;
    return spoil(count(received, 'responsesOfOtherPorts'), 'multiple-responders', why);
  }
  return message.kind === 'pdelayResp'
    ? takeResponse(received, exchange, message, receiveTime)
    : takeFollowUp(received, exchange, message);
}

function isOfRequestAhead(
  { config }: PeerDelayState,
  exchange: PeerDelayExchange,
  sequenceId: number,
): boolean {
  return config.inPairs && sequenceId === ((exchange.sequenceId - 1) & 0xffff);
}

function takeResponse(
  state: PeerDelayState,
  exchange: PeerDelayExchange,
  message: PdelayResp,
  receiveTime: NonNullable<PeerDelayExchange['transmitTime']>,
): PeerDelayStep {
  if (exchange.response !== null) return still(count(state, 'responsesDuplicate'));
  return complete(withExchange(state, { response: { message, receiveTime } }));
}

function takeFollowUp(
  state: PeerDelayState,
  exchange: PeerDelayExchange,
  message: PdelayRespFollowUp,
): PeerDelayStep {
  if (exchange.followUp !== null) return still(count(state, 'responsesDuplicate'));
  return complete(withExchange(state, { followUp: message }));
}

/** The exchange tells nothing, and neither does what it told before the second answer came. */
function spoil(
  state: PeerDelayState,
  to: 'multiple-responders' | 'own-response',
  why: string,
): PeerDelayStep {
  const before = state.exchange?.before ?? null;
  const spoiled = withExchange({ ...state, cleanExchanges: 0 }, { spoiled: true, before: null });
  if (before === null) return become(spoiled, to, why);
  const back = { ...spoiled, measurement: before };
  const undone = tellChange(state.measurement, before);
  return then({ state: back, effects: undone }, (next) => become(next, to, why));
}

/** Uses the exchange if it has all its parts, once. */
function complete(state: PeerDelayState): PeerDelayStep {
  const { exchange, condition } = state;
  const faulty = condition === 'multiple-responders' || condition === 'own-response';
  if (exchange === null || exchange.spoiled || exchange.before !== null || faulty) {
    return still(state);
  }
  const { transmitTime, response, followUp } = exchange;
  if (transmitTime === null || response === null || isFollowUpMissing(exchange)) {
    return still(state);
  }
  const { receiveTime, message } = response;
  const responder = message.header.sourcePortIdentity;
  const { measurement, counts } = measureExchange(state.measurement, state.config, responder, {
    transmitTime,
    receiveTime,
    response: { correctionField: message.header.correctionField, timestamp: message.timestamp },
    followUp:
      followUp === null || !isTwoStep(message)
        ? null
        : { correctionField: followUp.header.correctionField, timestamp: followUp.timestamp },
  });
  const measured = {
    ...withExchange(count(state, 'exchangesCompleted', ...counts), {
      before: state.measurement,
    }),
    measurement,
    lostResponses: 0,
    lostTransmitTimes: 0,
  };
  const told = tellChange(state.measurement, measurement);
  if (measurement.meanLinkDelay === null) return { state: measured, effects: told };
  return then(
    then({ state: measured, effects: told }, (next) =>
      become(next, 'valid', `${portIdentityText(responder)} answers`),
    ),
    judgeCapability,
  );
}

function tellChange(from: PeerDelayMeasurement, to: PeerDelayMeasurement): PeerDelayEffect[] {
  const { meanLinkDelay } = to;
  return from.meanLinkDelay === meanLinkDelay ? [] : [{ kind: 'meanLinkDelay', meanLinkDelay }];
}

function judgeCapability(state: PeerDelayState): PeerDelayStep {
  if (state.config.convention !== 'ieee8021as') return still(state);
  const { asCapable, detectedFaults } = asCapability(state);
  return setAsCapable({ ...state, detectedFaults }, asCapable);
}

function isTwoStep(message: PdelayResp): boolean {
  return (message.header.flags & FLAG.twoStep) !== 0;
}

function isFollowUpMissing({ response, followUp }: PeerDelayExchange): boolean {
  return response !== null && isTwoStep(response.message) && followUp === null;
}

/** The next request is due: what the open one lacks is lost. */
function closeExchange(state: PeerDelayState): PeerDelayStep {
  const { exchange } = state;
  if (exchange === null || exchange.spoiled) return still(state);
  const unanswered = exchange.response === null || isFollowUpMissing(exchange);
  const unstamped = exchange.transmitTime === null;
  const losses: (keyof PeerDelayCounters)[] = [];
  if (exchange.response === null) losses.push('responsesLost');
  else if (unanswered) losses.push('followUpsLost');
  if (unstamped) losses.push('transmitTimesMissing');
  const closed: PeerDelayState = {
    ...count(state, ...losses),
    lostResponses: unanswered ? Math.min(state.lostResponses + 1, COUNTER_MAX) : 0,
    lostTransmitTimes: unstamped ? Math.min(state.lostTransmitTimes + 1, COUNTER_MAX) : 0,
    cleanExchanges: unanswered
      ? state.cleanExchanges
      : Math.min(state.cleanExchanges + 1, COUNTER_MAX),
  };
  return then(judgeLosses(closed), judgeRecovery);
}

function judgeLosses(state: PeerDelayState): PeerDelayStep {
  const allowed = state.config.allowedLostResponses;
  if (state.lostTransmitTimes > allowed) {
    const why = `${state.lostTransmitTimes} requests had no transmit time`;
    return become(state, 'no-transmit-time', why);
  }
  if (state.lostResponses > allowed) {
    return become(state, 'no-response', `${state.lostResponses} requests were not answered`);
  }
  return still(state);
}

function judgeRecovery(state: PeerDelayState): PeerDelayStep {
  const faulty = state.condition === 'multiple-responders' || state.condition === 'own-response';
  if (!faulty || state.cleanExchanges < CLEAN_EXCHANGES) return still(state);
  // Which of the two is left is not known: its link is measured anew.
  const measurement = {
    ...NOTHING_MEASURED,
    meanLinkDelay: state.measurement.meanLinkDelay,
  };
  return become({ ...state, measurement }, 'measuring', 'one port answers again');
}
