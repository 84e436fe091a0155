/**
 * The state machine of a port as one table: IEEE 1588-2019 9.2.5, figures 30 and 31, the events of
 * 9.2.6, the master-only port of 9.2.2.2, and the external port configuration of 17.6.5. An event
 * that a state's row does not name changes nothing. Printed in docs/port-states.md.
 */
import type { DecisionCode } from '../bmca/state-decision.js';
import type { PortState } from '../data-sets.js';

export const PORT_STATES = [
  'initializing',
  'faulty',
  'disabled',
  'listening',
  'preMaster',
  'master',
  'passive',
  'uncalibrated',
  'slave',
] as const satisfies readonly PortState[];

export const PORT_EVENTS = [
  'powerup',
  'initialize',
  /** Initialization is complete: figure 30 draws it without a name. */
  'initialized',
  'designatedEnabled',
  'designatedDisabled',
  'faultDetected',
  'faultCleared',
  'announceReceiptTimeout',
  'qualificationTimeout',
  /** State decision M1 or M2: the qualification timeout of 9.2.6.11 is 0 then. */
  'recommendedGrandmaster',
  /** M3. */
  'recommendedMaster',
  /** P1 or P2. */
  'recommendedPassive',
  /** S1 with the parent that we have. */
  'recommendedSlave',
  /** S1 with another parent. */
  'recommendedSlaveOfNewMaster',
  'masterClockSelected',
  'synchronizationFault',
  /** 17.6.5.2: externalPortConfigurationPortDS.desiredState was written. */
  'desiredState',
] as const;

export type PortEvent = (typeof PORT_EVENTS)[number];

/** Which figure holds: 30, 31, 9.2.2.2, 17.6.5. */
export type PortMachine = 'full' | 'slaveOnly' | 'masterOnly' | 'external';

/**
 * `desired`: the desiredState, by way of UNCALIBRATED if that is SLAVE. `slaveIfDesired`: SLAVE,
 * unless UNCALIBRATED itself is what is desired.
 */
export type TransitionTarget = PortState | 'desired' | 'slaveIfDesired';

type Row = Readonly<Partial<Record<PortEvent, TransitionTarget>>>;
type Machine = Readonly<Record<PortState, Row>>;

const ALWAYS: Row = {
  powerup: 'initializing',
  initialize: 'initializing',
  designatedDisabled: 'disabled',
};
const WORKING: Row = { ...ALWAYS, faultDetected: 'faulty' };
const INITIALIZING: Row = { ...WORKING, initialized: 'listening' };
const FAULTY: Row = { ...ALWAYS, faultCleared: 'initializing' };
const DISABLED: Row = {
  powerup: 'initializing',
  initialize: 'initializing',
  designatedEnabled: 'initializing',
};

const TO_SLAVE: Row = {
  recommendedSlave: 'uncalibrated',
  recommendedSlaveOfNewMaster: 'uncalibrated',
};
const TO_MASTER: Row = {
  recommendedGrandmaster: 'master',
  recommendedMaster: 'preMaster',
};
const TO_PASSIVE: Row = { recommendedPassive: 'passive' };
const TIMEOUT_TO_MASTER: Row = { announceReceiptTimeout: 'master' };

/** Figure 30. */
const FULL: Machine = {
  initializing: INITIALIZING,
  faulty: FAULTY,
  disabled: DISABLED,
  listening: { ...WORKING, ...TIMEOUT_TO_MASTER, ...TO_MASTER, ...TO_PASSIVE, ...TO_SLAVE },
  preMaster: { ...WORKING, qualificationTimeout: 'master', ...TO_PASSIVE, ...TO_SLAVE },
  master: { ...WORKING, ...TO_PASSIVE, ...TO_SLAVE },
  passive: { ...WORKING, ...TIMEOUT_TO_MASTER, ...TO_MASTER, ...TO_SLAVE },
  uncalibrated: {
    ...WORKING,
    ...TIMEOUT_TO_MASTER,
    ...TO_MASTER,
    ...TO_PASSIVE,
    masterClockSelected: 'slave',
  },
  slave: {
    ...WORKING,
    ...TIMEOUT_TO_MASTER,
    ...TO_MASTER,
    ...TO_PASSIVE,
    recommendedSlaveOfNewMaster: 'uncalibrated',
    synchronizationFault: 'uncalibrated',
  },
};

const TO_LISTENING: Row = {
  announceReceiptTimeout: 'listening',
  recommendedGrandmaster: 'listening',
  recommendedMaster: 'listening',
  recommendedPassive: 'listening',
};
/** A state that this machine never enters, left at the next chance if it was entered by another. */
const FOREIGN_TO_SLAVE_ONLY: Row = { ...WORKING, ...TO_LISTENING, ...TO_SLAVE };

/** Figure 31: defaultDS.slaveOnly. */
const SLAVE_ONLY: Machine = {
  initializing: INITIALIZING,
  faulty: FAULTY,
  disabled: DISABLED,
  listening: { ...WORKING, ...TO_SLAVE },
  preMaster: FOREIGN_TO_SLAVE_ONLY,
  master: FOREIGN_TO_SLAVE_ONLY,
  passive: FOREIGN_TO_SLAVE_ONLY,
  uncalibrated: { ...WORKING, ...TO_LISTENING, masterClockSelected: 'slave' },
  slave: {
    ...WORKING,
    ...TO_LISTENING,
    recommendedSlaveOfNewMaster: 'uncalibrated',
    synchronizationFault: 'uncalibrated',
  },
};

const FOREIGN_TO_MASTER_ONLY: Row = { ...WORKING, ...TIMEOUT_TO_MASTER, ...TO_MASTER };

/** 9.2.2.2: portDS.masterOnly. Only another port of ours on the same path makes it PASSIVE. */
const MASTER_ONLY: Machine = {
  initializing: INITIALIZING,
  faulty: FAULTY,
  disabled: DISABLED,
  listening: { ...WORKING, ...TIMEOUT_TO_MASTER, ...TO_MASTER, ...TO_PASSIVE },
  preMaster: { ...WORKING, qualificationTimeout: 'master', ...TO_PASSIVE },
  master: { ...WORKING, ...TO_PASSIVE },
  passive: { ...WORKING, ...TIMEOUT_TO_MASTER, ...TO_MASTER },
  uncalibrated: FOREIGN_TO_MASTER_ONLY,
  slave: FOREIGN_TO_MASTER_ONLY,
};

const COMMANDED: Row = { ...WORKING, desiredState: 'desired' };

/** 17.6.5.3: neither recommendations nor timeouts count. */
const EXTERNAL: Machine = {
  initializing: { ...WORKING, initialized: 'desired' },
  faulty: FAULTY,
  disabled: DISABLED,
  listening: COMMANDED,
  preMaster: COMMANDED,
  master: COMMANDED,
  passive: COMMANDED,
  uncalibrated: { ...COMMANDED, masterClockSelected: 'slaveIfDesired' },
  slave: {
    ...COMMANDED,
    recommendedSlaveOfNewMaster: 'uncalibrated',
    synchronizationFault: 'uncalibrated',
  },
};

export const TRANSITIONS: Readonly<Record<PortMachine, Machine>> = {
  full: FULL,
  slaveOnly: SLAVE_ONLY,
  masterOnly: MASTER_ONLY,
  external: EXTERNAL,
};

/** What the machine of a port depends on. External port configuration overrules the others (17.6.5.3). */
export function portMachine(
  defaultDS: { readonly slaveOnly: boolean; readonly externalPortConfigurationEnabled: boolean },
  portDS: { readonly masterOnly: boolean },
): PortMachine {
  if (defaultDS.externalPortConfigurationEnabled) return 'external';
  if (portDS.masterOnly) return 'masterOnly';
  return defaultDS.slaveOnly ? 'slaveOnly' : 'full';
}

/**
 * The state after an event; the same one if the event means nothing there. `desired` is
 * externalPortConfigurationPortDS.desiredState, PASSIVE by default (17.6.3.2).
 */
export function nextPortState(
  state: PortState,
  event: PortEvent,
  machine: PortMachine = 'full',
  desired: PortState = 'passive',
): PortState {
  const target = TRANSITIONS[machine][state][event] ?? state;
  if (target === 'slaveIfDesired') return desired === 'slave' ? 'slave' : state;
  if (target !== 'desired') return target;
  if (desired === 'slave') return state === 'slave' ? 'slave' : 'uncalibrated';
  return desired;
}

/** The event that a state decision is for a port; `isNewMaster`: S1 names another parent than ours. */
export function eventOfDecision(recommended: DecisionCode, isNewMaster: boolean): PortEvent {
  switch (recommended) {
    case 'M1':
    case 'M2':
      return 'recommendedGrandmaster';
    case 'M3':
      return 'recommendedMaster';
    case 'P1':
    case 'P2':
      return 'recommendedPassive';
    case 'S1':
      return isNewMaster ? 'recommendedSlaveOfNewMaster' : 'recommendedSlave';
  }
}
