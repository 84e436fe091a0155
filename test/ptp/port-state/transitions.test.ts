import { describe, expect, it } from 'vitest';
import type { PortState } from '#ptp/data-sets';
import { DECISION_CODES } from '#ptp/bmca/state-decision';
import {
  eventOfDecision,
  nextPortState,
  PORT_EVENTS,
  PORT_STATES,
  portMachine,
  type PortEvent,
  type PortMachine,
} from '#ptp/port-state/transitions';
import { portStatesDocument } from './port-states-document.js';

/** An arrow of a figure: from these states, by these events, to that one. */
type Arrow = readonly [from: string, events: string, to: PortState];

const REST = 'listening preMaster master passive uncalibrated slave';
const ALL = `initializing faulty disabled ${REST}`;
const SLAVE_RECOMMENDED = 'recommendedSlave recommendedSlaveOfNewMaster';
const NOT_SLAVE_RECOMMENDED =
  'announceReceiptTimeout recommendedGrandmaster recommendedMaster recommendedPassive';

/** What all machines share: faults, enabling, disabling. */
const COMMON: readonly Arrow[] = [
  [ALL, 'powerup initialize', 'initializing'],
  ['disabled', 'designatedEnabled', 'initializing'],
  ['faulty', 'faultCleared', 'initializing'],
  [`initializing faulty ${REST}`, 'designatedDisabled', 'disabled'],
  [`initializing ${REST}`, 'faultDetected', 'faulty'],
];

/** Arrow by arrow, event first: the other way round than the table that is tested. */
const ARROWS: Readonly<Record<Exclude<PortMachine, 'external'>, readonly Arrow[]>> = {
  full: [
    ...COMMON,
    ['initializing', 'initialized', 'listening'],
    ['listening uncalibrated slave passive', 'announceReceiptTimeout', 'master'],
    ['preMaster', 'qualificationTimeout', 'master'],
    ['listening uncalibrated slave passive', 'recommendedGrandmaster', 'master'],
    ['listening uncalibrated slave passive', 'recommendedMaster', 'preMaster'],
    ['listening preMaster master uncalibrated slave', 'recommendedPassive', 'passive'],
    ['listening preMaster master passive', SLAVE_RECOMMENDED, 'uncalibrated'],
    ['slave', 'recommendedSlaveOfNewMaster synchronizationFault', 'uncalibrated'],
    ['uncalibrated', 'masterClockSelected', 'slave'],
  ],
  slaveOnly: [
    ...COMMON,
    ['initializing', 'initialized', 'listening'],
    ['listening preMaster master passive', SLAVE_RECOMMENDED, 'uncalibrated'],
    ['uncalibrated slave preMaster master passive', NOT_SLAVE_RECOMMENDED, 'listening'],
    ['slave', 'recommendedSlaveOfNewMaster synchronizationFault', 'uncalibrated'],
    ['uncalibrated', 'masterClockSelected', 'slave'],
  ],
  masterOnly: [
    ...COMMON,
    ['initializing', 'initialized', 'listening'],
    ['listening passive uncalibrated slave', 'announceReceiptTimeout', 'master'],
    ['preMaster', 'qualificationTimeout', 'master'],
    ['listening passive uncalibrated slave', 'recommendedGrandmaster', 'master'],
    ['listening passive uncalibrated slave', 'recommendedMaster', 'preMaster'],
    ['listening preMaster master', 'recommendedPassive', 'passive'],
  ],
};

function expectedOf(arrows: readonly Arrow[], state: PortState, event: PortEvent): PortState {
  const matching = arrows.filter(
    ([from, events]) => from.split(' ').includes(state) && events.split(' ').includes(event),
  );
  expect(matching.length, `arrows from ${state} by ${event}`).toBeLessThan(2);
  return matching[0]?.[2] ?? state;
}

describe.each(Object.entries(ARROWS))('the %s machine', (machine, arrows) => {
  it.each(PORT_STATES)('in %s goes by the arrows of its figure and stays otherwise', (state) => {
    for (const event of PORT_EVENTS) {
      const next = nextPortState(state, event, machine as PortMachine);
      expect(next, `${state} × ${event}`).toBe(expectedOf(arrows, state, event));
    }
  });
});

describe('external port configuration', () => {
  const DESIRED = PORT_STATES.filter((state) => state !== 'initializing');
  const ENTERED = (desired: PortState): PortState =>
    desired === 'slave' ? 'uncalibrated' : desired;

  it.each(DESIRED)(
    'with %s desired takes that and hears neither timeouts nor the BMCA',
    (desired) => {
      for (const state of PORT_STATES) {
        for (const event of PORT_EVENTS) {
          const arrows: readonly Arrow[] = [
            ...COMMON,
            ['initializing', 'initialized', ENTERED(desired)],
            ['listening preMaster master passive uncalibrated', 'desiredState', ENTERED(desired)],
            ['slave', 'desiredState', desired],
            ['slave', 'recommendedSlaveOfNewMaster synchronizationFault', 'uncalibrated'],
            ['uncalibrated', 'masterClockSelected', desired === 'slave' ? 'slave' : 'uncalibrated'],
          ];
          const next = nextPortState(state, event, 'external', desired);
          expect(next, `${state} × ${event}`).toBe(expectedOf(arrows, state, event));
        }
      }
    },
  );

  it('is PASSIVE unless something else is desired', () => {
    expect(nextPortState('initializing', 'initialized', 'external')).toBe('passive');
  });
});

describe('the machine of a port', () => {
  const clock = { slaveOnly: false, externalPortConfigurationEnabled: false };

  it('is that of figure 30 by default', () => {
    expect(portMachine(clock, { masterOnly: false })).toBe('full');
  });

  it('follows slaveOnly, but for a master-only port', () => {
    expect(portMachine({ ...clock, slaveOnly: true }, { masterOnly: false })).toBe('slaveOnly');
    expect(portMachine({ ...clock, slaveOnly: true }, { masterOnly: true })).toBe('masterOnly');
  });

  it('is external before all else (17.6.5.3)', () => {
    const external = { slaveOnly: true, externalPortConfigurationEnabled: true };
    expect(portMachine(external, { masterOnly: true })).toBe('external');
  });
});

describe('a state decision', () => {
  it('is an event for each of its codes', () => {
    const events = DECISION_CODES.map((code) => eventOfDecision(code, false));
    expect(events).toEqual([
      'recommendedGrandmaster',
      'recommendedGrandmaster',
      'recommendedMaster',
      'recommendedPassive',
      'recommendedPassive',
      'recommendedSlave',
    ]);
    expect(eventOfDecision('S1', true)).toBe('recommendedSlaveOfNewMaster');
  });
});

describe('docs/port-states.md', () => {
  it('shows the table as it is', async () => {
    await expect(portStatesDocument()).toMatchFileSnapshot('../../../docs/port-states.md');
  });
});
