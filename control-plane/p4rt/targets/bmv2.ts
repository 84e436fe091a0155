import { nanoseconds } from '#units/time';
import { no, partly, YES } from '../features.js';
import type { Target } from '../target.js';

/** bmv2's simple_switch_grpc. It proves logic, not accuracy. */
export const BMV2: Target = {
  kind: 'bmv2',
  description: "bmv2's simple_switch_grpc",
  capabilities: {
    timestampResolution: nanoseconds(1_000n),
    // Its timestamps count from its own start (simple_switch, get_ts).
    tickEpoch: 'own',
    txHalf: 'egress',
    txEvents: 'clone',
    waits: 'recirculation',
    linkNotices: false,
    pipelineArtefact: 'main_bmv2',
  },
  features: {
    nanosecondTime: no('its clock counts microseconds: use it to prove logic, not accuracy'),
    fullResidence: partly(
      'its egress timestamp is taken before the egress pipeline: that, the deparser and the send are in no residence',
    ),
    hardwareTimestamps: no('it takes the time in user space'),
    oneStep: YES,
    twoStep: partly(
      'the transmit time is that of egress: what a two-step port records is no more exact than what a one-step port writes',
    ),
    waiting: partly('by recirculation, which takes processing time from other frames'),
    peerDelayOneStep: YES,
    peerDelayTwoStep: partly('t3 is the time of egress, not of departure'),
    delayResponder: partly('t4 and originTimestamp are exact to a microsecond at best'),
    systemTime: partly(
      'its clock counts from its own start: PTP time is set by the best of 16 readings, as exact as `timeplane show clock` says',
    ),
    syntonization: partly('a rate changes nothing below a microsecond of residence'),
    puntLimit: YES,
    ledger: partly('transmit times are those of egress'),
    marking: YES,
    priorityQueues: partly(
      'a frame for a queue that is not there is lost: start simple_switch_grpc with --priority-queues 8',
    ),
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
