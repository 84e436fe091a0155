import { nanoseconds } from '#units/time';
import type { Target } from '../target.js';

/** The embedded switch, `timeplane switch`. */
export const NATIVE: Target = {
  kind: 'native',
  description: 'the embedded switch',
  capabilities: {
    timestampResolution: nanoseconds(1n),
    txHalf: 'deferred',
    txEvents: 'engine',
    pipelineArtefact: 'main_native',
  },
  quirks: [],
};
