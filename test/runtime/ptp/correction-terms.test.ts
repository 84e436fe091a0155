/** What a correction has beside residence: the same figures as the dataplane's timing.p4. */
import { describe, expect, it } from 'vitest';
import { correctionTerms, type WrittenMeasurements } from '#runtime/ptp/correction-terms';
import { scaledFromNumber } from '#units/time';
import { port, settings } from '../../support/settings.js';

const timing = (ingress: number, egress: number, asymmetry: number) => ({
  ingressLatency: scaledFromNumber(ingress),
  egressLatency: scaledFromNumber(egress),
  delayAsymmetry: scaledFromNumber(asymmetry),
  residenceLimit: null,
});

const SWITCH = settings(
  port(1, {
    ptp: 'transparentP2P',
    timing: timing(10, 20, 3),
    instances: [{ domainNumber: 7, sdoId: 0, ptp: 'transparent' }],
  }),
  port(2, { timing: timing(100, 200, 30) }),
);

const WRITTEN: WrittenMeasurements = {
  meanLinkDelay: () => scaledFromNumber(1_000),
  rateOffset: ({ domainNumber }) => (domainNumber === 9 ? 2 ** 41 * 1e-4 : 0),
};

const terms = (ingressPort: number, egressPort: number, messageType: number, domainNumber = 0) =>
  Number(
    correctionTerms(
      SWITCH,
      { ingressPort, egressPort, messageType, domainNumber, sdoId: 0 },
      1_000_000,
      WRITTEN,
    ),
  ) / 65_536;

describe('the terms of a correction', () => {
  it.each([
    ['Sync from a P2P port', 1, 2, 0x0, 10 + 200 + 3 + 1_000],
    ['Sync from an E2E port', 2, 1, 0x0, 100 + 20 + 30],
    ['Delay_Req', 2, 1, 0x1, 100 + 20 - 3],
    ['Pdelay_Req', 1, 2, 0x2, 10 + 200 - 30],
    ['Pdelay_Resp', 1, 2, 0x3, 10 + 200 + 3],
  ])('of a %s', (_what, from, to, messageType, expected) => {
    expect(terms(from, to, messageType)).toBe(expected);
  });

  it('go by the mode of the instance', () => {
    expect(terms(1, 2, 0x0, 7)).toBe(10 + 200 + 3);
  });

  it("have the grandmaster's rate in them", () => {
    expect(terms(2, 1, 0x0, 9)).toBeCloseTo(100 + 20 + 30 + 100, 3);
  });

  it('are nothing of ports that are not configured', () => {
    expect(terms(8, 9, 0x0)).toBe(0);
  });
});
