/** docs/port-states.md, from the table that the agent runs on. */
import {
  PORT_EVENTS,
  PORT_STATES,
  TRANSITIONS,
  type PortMachine,
} from '#ptp/port-state/transitions';

const EXPLANATIONS: Readonly<Record<PortMachine, readonly [string, string]>> = {
  full: [
    'A port of a boundary clock',
    'IEEE 1588-2019, figure 30. M1 and M2 lead to MASTER at once, since the qualification timeout of 9.2.6.11 is 0 for them; M3 waits in PRE_MASTER for stepsRemoved + 1 announce intervals. Another master while SLAVE means to calibrate anew.',
  ],
  slaveOnly: [
    'A slave-only clock (`slaveOnly`)',
    'Figure 31. Whatever is not SLAVE is LISTENING. PRE_MASTER, MASTER and PASSIVE are never entered; their columns say how a port leaves them that was configured so while it ran.',
  ],
  masterOnly: [
    'A master-only port (`masterOnly`)',
    '9.2.2.2. Announces are not considered, so neither UNCALIBRATED nor SLAVE is ever entered; their columns say how a port leaves them that was configured so while it ran. PASSIVE only comes from another port of the same clock on the same path (9.5.2.3).',
  ],
  external: [
    'External port configuration (`externalPortConfigurationEnabled`)',
    '17.6.5: the state is what was written to externalPortConfigurationPortDS.desiredState; neither timeouts nor the best master algorithm count. _desired_ is that state, by way of UNCALIBRATED if it is SLAVE.',
  ],
};

const EVENT_NAMES: Readonly<Record<(typeof PORT_EVENTS)[number], string>> = {
  powerup: 'POWERUP',
  initialize: 'INITIALIZE',
  initialized: 'initialization complete',
  designatedEnabled: 'DESIGNATED_ENABLED',
  designatedDisabled: 'DESIGNATED_DISABLED',
  faultDetected: 'FAULT_DETECTED',
  faultCleared: 'FAULT_CLEARED',
  announceReceiptTimeout: 'ANNOUNCE_RECEIPT_TIMEOUT_EXPIRES',
  qualificationTimeout: 'QUALIFICATION_TIMEOUT_EXPIRES',
  recommendedGrandmaster: 'decision M1, M2',
  recommendedMaster: 'decision M3',
  recommendedPassive: 'decision P1, P2',
  recommendedSlave: 'decision S1, same parent',
  recommendedSlaveOfNewMaster: 'decision S1, new parent',
  masterClockSelected: 'MASTER_CLOCK_SELECTED',
  synchronizationFault: 'SYNCHRONIZATION_FAULT',
  desiredState: 'desiredState is written',
};

/** preMaster → PRE_MASTER, as the standard writes it. */
export function standardName(state: string): string {
  return state.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

export function portStatesDocument(): string {
  const sections = Object.entries(EXPLANATIONS).flatMap(([machine, [title, text]]) => [
    `## ${title}`,
    text,
    tableOf(machine as PortMachine),
  ]);
  return `${[
    '# The states of a port',
    'Printed by a test from the table in `control-plane/ptp/port-state/transitions.ts`; do not edit. Columns are states, rows are events; a dot means that the port stays as it is.',
    ...sections,
  ].join('\n\n')}\n`;
}

function tableOf(machine: PortMachine): string {
  const header = ['', ...PORT_STATES.map(standardName)];
  const rows = PORT_EVENTS.map((event) => [
    EVENT_NAMES[event],
    ...PORT_STATES.map((state) => {
      const target = TRANSITIONS[machine][state][event];
      if (target === undefined || target === state) return '·';
      if (target === 'desired') return '_desired_';
      return target === 'slaveIfDesired' ? 'SLAVE if _desired_' : standardName(target);
    }),
  ]).filter((row) => row.slice(1).some((cell) => cell !== '·'));
  return markdownTable([header, ...rows]);
}

function markdownTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [header = [], ...body] = rows;
  const rule = widths.map((width) => '-'.repeat(width));
  return [line(header), line(rule), ...body.map(line)].join('\n');
}
