/** What the PTP services tell, for tables and metrics. */
import { pino } from 'pino';
import { NATIVE } from '#p4rt/targets/native';
import { createPtpService } from '#runtime/ptp/service';
import type { PeerDelayPortReport, PtpStatus } from '#runtime/ptp/status';
import { instant } from '#units/time';
import { programIndex } from './program.js';
import { port, settings } from './settings.js';

/** Of services that have seen nothing yet. */
export function newPtpStatus(): PtpStatus {
  return createPtpService({
    settings: settings(port(1)),
    index: programIndex(),
    capabilities: NATIVE.capabilities,
    send: () => false,
    write: () => undefined,
    now: () => instant(0n),
    random: () => 0.5,
    log: pino({ level: 'silent' }),
  }).status();
}

export const PEER_DELAY_REPORT: PeerDelayPortReport = {
  port: 1,
  name: 'gm',
  condition: 'valid',
  convention: 'ieee1588',
  logInterval: 0,
  meanLinkDelayNs: 432.25,
  current: true,
  lastLinkDelayNs: 440,
  deviationNs: 5.5,
  writtenMeanLinkDelayNs: 432.25,
  neighborRateOffsetPpb: -1234.56,
  neighbor: '001122.fffe.334455-1',
  responderSteps: 'two',
  turnaroundNs: 20_000,
  asCapable: null,
  lostResponses: 0,
  counters: {
    requestsSent: 103,
    responsesReceived: 101,
    followUpsReceived: 100,
    exchangesCompleted: 100,
    responsesLost: 2,
    followUpsLost: 1,
    transmitTimesMissing: 0,
    transmitTimesUnknown: 0,
    responsesToOthers: 0,
    responsesUnmatched: 0,
    responsesOfOtherInstances: 0,
    responsesDuplicate: 0,
    responsesOfOtherPorts: 0,
    responsesOwn: 0,
    delaysNegative: 0,
    delaysRejected: 7,
    delayLevelsChanged: 0,
    neighborsChanged: 0,
    neighborClockSteps: 0,
  },
};

/** One link that is measured, and one message in the ledger. */
export function ptpStatus(): PtpStatus {
  const status = newPtpStatus();
  return {
    ...status,
    peerDelay: { ...status.peerDelay, ports: [PEER_DELAY_REPORT] },
    ledger: {
      received: 3,
      undecodable: 0,
      leftOut: 0,
      overwritten: 2,
      errors: {
        count: 3,
        meanNs: -0.25,
        rmsNs: 1.5,
        maxAbsNs: 2_000,
        p50AbsNs: 1,
        p99AbsNs: 250,
      },
      records: [
        {
          ingressPort: 1,
          egressPort: 2,
          messageType: 0,
          sourcePortIdentity: '001122fffe334455-1',
          sequenceId: 4_711,
          domainNumber: 24,
          sdoId: 256,
          receiveTimeNs: '281474976710655',
          transmitTimeNs: '1233',
          residenceNs: 1_234,
          correctionBeforeNs: 0,
          correctionAfterNs: 1_233.5,
          termsNs: 0,
          errorNs: 0.5,
        },
      ],
    },
  };
}
