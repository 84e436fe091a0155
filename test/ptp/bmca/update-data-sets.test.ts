import { describe, expect, it } from 'vitest';
import { scaledNs } from '#units/time';
import { FLAG } from '#wire/ptp-header';
import type { TimePropertiesDS } from '#ptp/data-sets';
import { decideStates, type DecisionPort } from '#ptp/bmca/state-decision';
import {
  dataSetsOfGrandmaster,
  dataSetsOfSlave,
  updateDataSets,
  updateDataSetsExternally,
} from '#ptp/bmca/update-data-sets';
import { announce, bestMaster, OURS, ownClock } from './announces.js';

const OWN_TIME: TimePropertiesDS = {
  currentUtcOffsetSeconds: 37,
  currentUtcOffsetValid: false,
  leap59: false,
  leap61: false,
  timeTraceable: false,
  frequencyTraceable: false,
  ptpTimescale: true,
  timeSource: 0xa0,
};
const START = dataSetsOfGrandmaster(ownClock(), OWN_TIME);
const PARENT = {
  sender: 0x20n,
  senderPort: 3,
  grandmaster: 0x10n,
  priority1: 1,
  priority2: 2,
  clockClass: 6,
  clockAccuracy: 0x21,
  variance: 0x4e5d,
  steps: 2,
  timeSource: 0x20,
  currentUtcOffsetSeconds: 38,
  flags: FLAG.leap61 | FLAG.ptpTimescale | FLAG.timeTraceable | FLAG.synchronizationUncertain,
};

const port = (portNumber: number, erbest: DecisionPort['erbest']): DecisionPort => ({
  portNumber,
  portState: 'master',
  masterOnly: false,
  notSlave: false,
  erbest,
  ownPortHeard: null,
});

describe('table 30: M1 and M2', () => {
  it('makes us our own parent, port 0, with what we tell of ourselves', () => {
    expect(START).toEqual({
      currentDS: {
        stepsRemoved: 0,
        offsetFromMaster: scaledNs(0n),
        meanDelay: scaledNs(0n),
        synchronizationUncertain: false,
      },
      parentDS: {
        parentPortIdentity: { clockIdentity: OURS, portNumber: 0 },
        parentStats: false,
        observedParentOffsetScaledLogVariance: 0xffff,
        observedParentClockPhaseChangeRate: 0x7fff_ffff,
        grandmasterIdentity: OURS,
        grandmasterClockQuality: ownClock().clockQuality,
        grandmasterPriority1: 128,
        grandmasterPriority2: 128,
      },
      timePropertiesDS: OWN_TIME,
    });
  });
});

describe('table 33: S1', () => {
  it('takes what the Announce tells, one step further', () => {
    expect(dataSetsOfSlave(START, announce(PARENT))).toMatchObject({
      currentDS: { stepsRemoved: 3, synchronizationUncertain: true },
      parentDS: {
        parentPortIdentity: { clockIdentity: 0x20n, portNumber: 3 },
        grandmasterIdentity: 0x10n,
        grandmasterClockQuality: {
          clockClass: 6,
          clockAccuracy: 0x21,
          offsetScaledLogVariance: 0x4e5d,
        },
        grandmasterPriority1: 1,
        grandmasterPriority2: 2,
      },
      timePropertiesDS: {
        currentUtcOffsetSeconds: 38,
        currentUtcOffsetValid: false,
        leap59: false,
        leap61: true,
        timeTraceable: true,
        frequencyTraceable: false,
        ptpTimescale: true,
        timeSource: 0x20,
      },
    });
  });

  it('keeps the servo’s figures while the parent is the same, and no longer', () => {
    const first = dataSetsOfSlave(START, announce(PARENT));
    const running = {
      ...first,
      currentDS: { ...first.currentDS, offsetFromMaster: scaledNs(5n), meanDelay: scaledNs(7n) },
    };
    expect(dataSetsOfSlave(running, announce(PARENT)).currentDS).toMatchObject({
      offsetFromMaster: scaledNs(5n),
      meanDelay: scaledNs(7n),
    });
    const another = announce({ ...PARENT, senderPort: 4 });
    expect(dataSetsOfSlave(running, another).currentDS.meanDelay).toEqual(scaledNs(0n));
  });
});

describe('a whole decision', () => {
  const update = (ports: readonly DecisionPort[], clockClass = 248) => {
    const own = ownClock({ clockClass });
    return updateDataSets(START, decideStates(own, 'ieee1588', ports), own, OWN_TIME);
  };

  it('with a slave port is its parent’s, whatever the other ports do (tables 31, 32)', () => {
    const ports = [port(1, null), port(2, bestMaster(2, PARENT)), port(3, bestMaster(3, PARENT))];
    expect(update(ports).currentDS.stepsRemoved).toBe(3);
  });

  it('with clockClass 6 is our own even if a better one is heard', () => {
    const sets = update([port(1, bestMaster(1, PARENT)), port(2, null)], 6);
    expect(sets.parentDS).toMatchObject({
      grandmasterIdentity: OURS,
      grandmasterClockQuality: { clockClass: 6 },
    });
  });

  it('with nothing but LISTENING changes nothing', () => {
    const slave = dataSetsOfSlave(START, announce(PARENT));
    const own = ownClock();
    const listening = { ...port(1, null), portState: 'listening' as const };
    const decision = decideStates(own, 'ieee1588', [listening]);
    expect(updateDataSets(slave, decision, own, OWN_TIME)).toBe(slave);
  });
});

describe('external port configuration (17.6.5.4)', () => {
  const slave = dataSetsOfSlave(START, announce(PARENT));
  const own = ownClock();

  it('takes what the slave port heard, and keeps what is there until it heard something', () => {
    const heard = updateDataSetsExternally(
      START,
      ['master', 'uncalibrated'],
      announce(PARENT),
      own,
      OWN_TIME,
    );
    expect(heard.currentDS.stepsRemoved).toBe(3);
    expect(updateDataSetsExternally(slave, ['slave'], null, own, OWN_TIME)).toBe(slave);
  });

  it('makes us grandmaster without a slave port, unless no port is active', () => {
    for (const state of ['master', 'preMaster', 'passive'] as const) {
      const sets = updateDataSetsExternally(slave, [state, 'listening'], null, own, OWN_TIME);
      expect(sets.parentDS.grandmasterIdentity).toBe(OURS);
    }
    expect(updateDataSetsExternally(slave, ['listening', 'faulty'], null, own, OWN_TIME)).toBe(
      slave,
    );
  });
});
