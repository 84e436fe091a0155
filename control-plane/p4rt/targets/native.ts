import { nanoseconds } from '#units/time';
import { no, partly, YES } from '../features.js';
import type { Target } from '../target.js';

/** The embedded switch, `timeplane switch`. */
export const NATIVE: Target = {
  kind: 'native',
  description: 'the embedded switch',
  capabilities: {
    timestampResolution: nanoseconds(1n),
    // Its timestamps are the kernel's, and its clock is read as CLOCK_REALTIME (engine/clock.h).
    tickEpoch: 'system-clock',
    txHalf: 'deferred',
    txEvents: 'engine',
    waits: 'engine',
    linkNotices: true,
    pipelineArtefact: 'main_native',
  },
  features: {
    nanosecondTime: YES,
    fullResidence: YES,
    hardwareTimestamps: no('its ports take the kernel’s software timestamps'),
    oneStep: YES,
    twoStep: YES,
    waiting: YES,
    peerDelayOneStep: YES,
    peerDelayTwoStep: YES,
    delayResponder: YES,
    systemTime: YES,
    syntonization: YES,
    puntLimit: YES,
    ledger: YES,
    marking: YES,
    priorityQueues: partly(
      'where the port has a queue of several priorities: timeplane switch --queue N:rate=…,priorities=8',
    ),
  },
  quirks: [],
};
