import { nanoseconds } from '#units/time';
import { no, partly, YES } from '../features.js';
import type { Target } from '../target.js';

/** The embedded switch, `timeplane switch`. */
export const NATIVE: Target = {
  kind: 'native',
  description: 'the embedded switch',
  capabilities: {
    timestampResolution: nanoseconds(1n),
    txHalf: 'deferred',
    txEvents: 'engine',
    waits: 'engine',
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
