import { describe, expect, it } from 'vitest';
import { notRight, ratiosOf } from '#lab/load/clients';
import { clientsConclusions, renderClients } from '#lab/load/clients-report';
import type { ClientsResult, Measurement } from '#lab/load/clients-schema';
import type { Report } from '#lab/load/generators';
import { stormRatios } from '#lab/load/run-storm';
import { renderStorm, together } from '#lab/load/storm-report';
import type { StormMeasurement, StormResult } from '#lab/load/storm-schema';
import { judged } from '../support/fidelity.js';

const ours: Measurement = {
  server: 'timeplane',
  round: 0,
  sent: 1000,
  answered: 1000,
  answeredShare: 1,
  rate: 160_000,
  notRight: 0,
  latencyP50Ns: 3_000,
  latencyP99Ns: 10_000,
  clockOffsetNs: 0,
  cpuNsPerAnswer: 2_000,
  cpuNsPerAnswerBusy: 1_000,
  packetIns: 0,
  zeroLossRate: 500_000,
  limitedByClients: false,
};
const theirs: Measurement = {
  ...ours,
  ...{ server: 'ptp4l', answered: 750, answeredShare: 0.75, latencyP99Ns: 20_000 },
  ...{ cpuNsPerAnswer: 3_000, cpuNsPerAnswerBusy: 4_000, packetIns: null, zeroLossRate: 50_000 },
};

function clientsResult(measurements: Measurement[]): ClientsResult {
  const config = { clients: 10_000, requestsPerSecond: 16, seconds: 3, rounds: 1 };
  return {
    config: { ...config, transport: 'L2', cast: 'multicast' },
    measurements,
    ratios: ratiosOf(measurements),
    versions: {},
    fidelity: judged(),
  };
}

describe('ten thousand clients', () => {
  it('compare both servers, more and less being better as it may be', () => {
    const { cpuPerAnswer, cpuPerAnswerBusy, zeroLossRate, latencyP99 } = ratiosOf([ours, theirs]);
    expect(zeroLossRate?.median).toBe(10);
    expect(cpuPerAnswer?.median).toBe(1.5);
    expect(cpuPerAnswerBusy?.median).toBe(4);
    expect(latencyP99?.median).toBe(2);
  });

  it('say how many messages the agent got', () => {
    const sentences = clientsConclusions(clientsResult([ours, theirs]));
    expect(sentences.at(-1)).toBe(
      'The agent got 0 messages while the dataplane answered 1000 requests of 10000 clients.',
    );
    expect(sentences[0]).toContain('10 times as good as ptp4l');
  });

  it('have no ratio, and no rate in the table, where nothing was searched for', () => {
    const without = [ours, theirs].map((one) => ({
      ...one,
      zeroLossRate: 0,
      cpuNsPerAnswerBusy: 0,
    }));
    expect(ratiosOf(without).zeroLossRate).toBeNull();
    const text = renderClients(clientsResult(without));
    expect(text).toContain('75.00 %');
    expect(text).not.toContain('all answered up to 0');
    expect(text).not.toContain('every request answered');
  });

  it('count an answer as not right for whatever reason', () => {
    const report: Report<'ptp_clients'> = {
      ...{ clients: 1, sent: 9, answered: 0, rate: 1, duplicates: 1, late: 2, stray: 4 },
      wrong: { checksum: 8, correction: 16, receiveTime: 0, destination: 0, flags: 0, server: 0 },
      ...{ overruns: 0, clockOffsetNs: null, latencyNs: null, receiveTimeNs: null },
    };
    expect(notRight(report)).toBe(31);
  });
});

const quiet: StormMeasurement = {
  storm: false,
  round: 0,
  sent: 100,
  received: 100,
  errorNs: { p50: 400, p99: 1000, max: 2000 },
  residenceNs: { p50: 10_000, p99: 50_000, max: 90_000 },
  stormRate: 0,
};
const stormy: StormMeasurement = {
  ...quiet,
  ...{ storm: true, stormRate: 1e6, errorNs: { p50: 400, p99: 1100, max: 9000 } },
};

function stormResult(unexplained: number): StormResult {
  const measurements = [stormy, quiet, quiet, stormy];
  const memory = {
    beforeOctets: 2 ** 20,
    maxOctets: 3 * 2 ** 20,
    afterOctets: 2 ** 21,
    samples: 9,
  };
  const accounts = [{ what: 'came in', frames: 10 }];
  const explanation = {
    ...{ sent: 10 + unexplained, arrival: accounts, kinds: [], fate: [], generated: 0, copies: [] },
    unexplained: { arrival: unexplained, kinds: 0, copies: 0 },
  };
  return {
    config: {
      ...{ kinds: ['sync'], guard: 'none', stations: 1, seconds: 1, rounds: 1 },
      ...{ syncsPerSecond: 500, stormRate: 0, transport: 'L2', step: 'one' },
      ...{ priority: 'realtime', processor: 0 },
    },
    measurements,
    ratios: stormRatios(measurements),
    explanations: [explanation, explanation],
    memory: { switch: memory, agent: memory },
    versions: {},
    fidelity: judged(),
  };
}

describe('a storm', () => {
  it('is compared with quiet', () => {
    expect(stormRatios([stormy, quiet]).errorP99?.median).toBeCloseTo(1.1);
    expect(stormRatios([stormy, quiet]).residenceP99?.median).toBe(1);
  });

  it('adds the same accounts of several rounds', () => {
    const one = [
      { what: 'sync', frames: 1 },
      { what: 'announce', frames: 2 },
    ];
    expect(together([one, [{ what: 'sync', frames: 10 }]])).toEqual([
      { what: 'sync', frames: 11 },
      { what: 'announce', frames: 2 },
    ]);
  });

  it('says that it is explained, or that it is not', () => {
    const explained = renderStorm(stormResult(0));
    expect(explained).toContain('20 sent');
    expect(explained).toContain('The counters explain every frame of the storm.');
    expect(explained).toContain('1.0 MiB before, 3.0 MiB at most, 2.0 MiB at the end');
    const puzzling = renderStorm(stormResult(3));
    expect(puzzling).toContain('6 not explained');
    expect(puzzling).toContain('do NOT explain');
  });
});
