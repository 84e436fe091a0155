import { nanoseconds } from '#units/time';
import type { Target } from '../target.js';

/** bmv2's simple_switch_grpc. It proves logic, not accuracy. */
export const BMV2: Target = {
  kind: 'bmv2',
  description: "bmv2's simple_switch_grpc",
  capabilities: {
    timestampResolution: nanoseconds(1_000n),
    txHalf: 'egress',
    txEvents: 'clone',
    pipelineArtefact: 'main_bmv2',
  },
  quirks: [
    {
      name: 'uncorrected-egress',
      what: 'what a frame spends in egress, the deparser and the send is in no residence',
      evidence:
        'egress_global_timestamp is taken when the egress thread dequeues the frame, before the egress pipeline (simple_switch)',
    },
    {
      name: 'promotes-with-lower-election-id',
      what: 'a promoted backup may be told OK with an election id below the highest ever seen',
      evidence:
        'its access arbitration promotes the highest connected id when the primary disconnects; so OK alone decides, not the id in the message',
    },
  ],
};
