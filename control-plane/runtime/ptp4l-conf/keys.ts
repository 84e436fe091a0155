/**
 * ptp4l's keys (ptp4l(8) of linuxptp 3.1 and 4.x) and what becomes of each: a key of ours, or the
 * reason why there is none. Both spellings of the roles are taken.
 */
import type { Draft, PortDraft } from './draft.js';

/** What a value becomes. A text: why it cannot be taken over. */
export type Taken = string | null;

export interface KeyRule {
  /** In [global]; a port's key there holds for all ports. */
  readonly global?: (draft: Draft, value: string) => Taken;
  readonly port?: (port: PortDraft, value: string) => Taken;
  /** Not null: it has no counterpart, and needs none, since this is so. */
  readonly note?: string;
}

function integer(value: string): number | null {
  const parsed = /^[-+]?(0x[0-9a-f]+|\d+)$/i.test(value) ? Number(value.replace(/^\+/, '')) : NaN;
  return Number.isSafeInteger(parsed) ? parsed : null;
}

function number(value: string): number | null {
  const parsed = value === '' ? NaN : Number(value);
  return Number.isFinite(parsed) ? parsed : null;
}

type Tree = Record<string, unknown>;

/** Puts `value` at a path of keys. */
export function put(tree: Tree, path: readonly string[], value: unknown): void {
  const [head, ...rest] = path;
  if (head === undefined) return;
  if (rest.length === 0) {
    tree[head] = value;
    return;
  }
  const below = (tree[head] ??= {}) as Tree;
  put(below, rest, value);
}

type Convert = (value: string) => unknown;

const asInteger: Convert = integer;
const asNumber: Convert = number;
const asTruth: Convert = (value) => ({ '0': false, '1': true })[value] ?? null;
const asNs: Convert = (value) => {
  const secondsOf = number(value);
  return secondsOf === null ? null : Math.round(secondsOf * 1e9);
};
const oneOf =
  (words: Readonly<Record<string, unknown>>): Convert =>
  (value) =>
    words[value.toLowerCase()] ?? null;

const NOT_A_VALUE = 'is no value for this key';

function toInstance(path: readonly string[], convert: Convert): KeyRule {
  return {
    global: ({ instance }, value) => {
      const converted = convert(value);
      if (converted === null) return NOT_A_VALUE;
      put(instance, path, converted);
      return null;
    },
  };
}

function toPort(path: readonly string[], convert: Convert): KeyRule {
  const port = ({ tree }: PortDraft, value: string): Taken => {
    const converted = convert(value);
    if (converted === null) return NOT_A_VALUE;
    put(tree, path, converted);
    return null;
  };
  return { port };
}

const toBoundary = (key: string, convert: Convert): KeyRule => toPort(['boundary', key], convert);

const note = (text: string): KeyRule => ({ note: text });

const TRANSPORTS = { l2: 'ethernet', udpv4: 'udp4', udpv6: 'udp6' };

const transport: KeyRule = {
  port: ({ tree }, value) => {
    const wanted = oneOf(TRANSPORTS)(value);
    if (wanted === null) return NOT_A_VALUE;
    put(tree, ['boundary', 'transport'], wanted);
    put(tree, ['peerDelay', 'transport'], wanted);
    return null;
  },
};

const delayMechanism: KeyRule = {
  port: (port, value) => {
    const wanted = oneOf({ e2e: 'e2e', p2p: 'p2p', nomech: 'none' })(value);
    if (wanted === null) {
      return value.toLowerCase() === 'auto' ? 'has no counterpart: e2e is taken' : NOT_A_VALUE;
    }
    port.mechanism = wanted as PortDraft['mechanism'];
    return null;
  },
};

const clockType: KeyRule = {
  global: (draft, value) => {
    const wanted = oneOf({
      oc: 'boundary',
      bc: 'boundary',
      p2p_tc: 'transparentP2P',
      e2e_tc: 'transparent',
    })(value);
    if (wanted === null) return NOT_A_VALUE;
    draft.mode = wanted as Draft['mode'];
    return null;
  },
};

const timeStamping: KeyRule = {
  port: (port, value) => {
    const step = oneOf({
      software: 'two',
      hardware: 'two',
      legacy: 'two',
      onestep: 'one',
      p2p1step: 'one',
    })(value);
    if (step === null) return NOT_A_VALUE;
    port.step = step as PortDraft['step'];
    return null;
  },
};

const twoStepFlag: KeyRule = {
  port: (port, value) => {
    const isTwoStep = asTruth(value);
    if (isTwoStep === null) return NOT_A_VALUE;
    port.step = isTwoStep === true ? 'two' : 'one';
    return null;
  },
};

const truthOfMessaging = (messaging: 'hybrid' | 'unicast'): KeyRule => ({
  port: ({ tree }, value) => {
    const isOn = asTruth(value);
    if (isOn === null) return NOT_A_VALUE;
    if (isOn === true) put(tree, ['boundary', 'messaging'], messaging);
    return null;
  },
});

const MAX_FREQUENCY_PPB = 900_000;
const SERVO_GAINS = 'our gains follow from the Sync interval: at most 0.1 dB of gain peaking';
const LOGGED = 'the log is JSON on standard error; instance.ptp4lLog has ptp4l’s lines in it';
const NO_FAULTS = 'a missing transmit time or answer costs one sample here, and no port faults';

/** ptp4l’s level of syslog, in words. */
const LOG_LEVEL = oneOf(
  Object.fromEntries(
    ['error', 'error', 'error', 'error', 'warn', 'info', 'info', 'debug'].map((level, i) => [
      `${i}`,
      level,
    ]),
  ),
);

const receiverOnly = toInstance(['slaveOnly'], asTruth);
const transmitterOnly = toBoundary('masterOnly', asTruth);

export const KEYS: Readonly<Record<string, KeyRule>> = {
  clock_type: clockType,
  domainNumber: toInstance(['domainNumber'], asInteger),
  priority1: toInstance(['priority1'], asInteger),
  priority2: toInstance(['priority2'], asInteger),
  clockClass: toInstance(['clockClass'], asInteger),
  clockAccuracy: toInstance(['clockAccuracy'], asInteger),
  offsetScaledLogVariance: toInstance(['offsetScaledLogVariance'], asInteger),
  maxStepsRemoved: toInstance(['maxStepsRemoved'], asInteger),
  slaveOnly: receiverOnly,
  clientOnly: receiverOnly,
  timeReceiverOnly: receiverOnly,
  path_trace_enabled: toInstance(['pathTrace'], asTruth),
  utc_offset: toInstance(['timeProperties', 'currentUtcOffset'], asInteger),
  timeSource: toInstance(['timeProperties', 'timeSource'], asInteger),
  'G.8275.defaultDS.localPriority': toInstance(['localPriority'], asInteger),
  dataset_comparison: {
    global: (draft, value) => {
      const isTelecom = oneOf({ ieee1588: false, 'g.8275.x': true })(value);
      if (isTelecom === null) return NOT_A_VALUE;
      draft.isTelecom = isTelecom === true;
      return null;
    },
  },
  clock_servo: toInstance(['servo', 'servo'], oneOf({ pi: 'pi', linreg: 'linear-regression' })),
  first_step_threshold: toInstance(['servo', 'firstStepThresholdNs'], asNs),
  step_threshold: toInstance(['servo', 'stepThresholdNs'], asNs),
  // ptp4l's own default is beyond what a clock may be off by.
  max_frequency: toInstance(['servo', 'maxFrequencyPpb'], (value) => {
    const ppb = integer(value);
    return ppb === null || ppb <= 0 ? null : Math.min(ppb, MAX_FREQUENCY_PPB);
  }),
  servo_offset_threshold: {
    global: ({ instance }, value) => {
      const threshold = integer(value);
      if (threshold === null || threshold < 0) return NOT_A_VALUE;
      if (threshold > 0) put(instance, ['servo', 'lockThresholdNs'], threshold);
      return null;
    },
  },
  delay_filter: toInstance(
    ['servo', 'delayFilter'],
    oneOf({ moving_median: 'moving-median', moving_average: 'weighted' }),
  ),
  delay_filter_length: toInstance(['servo', 'delayFilterLength'], asInteger),
  BMCA: {
    port: (port, value) => {
      const isExternal = oneOf({ ptp: false, noop: true })(value);
      if (isExternal === null) return NOT_A_VALUE;
      port.isExternal = isExternal === true;
      return null;
    },
  },
  clockIdentity: {
    global: ({ clock }, value) => {
      const octets = value.replace(/[.:-]/g, '').match(/[0-9a-f]{2}/gi);
      if (octets?.length !== 8) return NOT_A_VALUE;
      put(clock, ['identity'], octets.join(':').toLowerCase());
      return null;
    },
  },
  uds_address: {
    global: ({ management }, value) => {
      if (!value.startsWith('/')) return 'is no absolute path';
      put(management, ['socket'], value);
      return null;
    },
  },
  logging_level: {
    global: (draft, value) => {
      const level = LOG_LEVEL(value);
      if (level === null) return NOT_A_VALUE;
      draft.logLevel = level as string;
      return null;
    },
  },
  transportSpecific: toInstance(['sdoId'], (value) => {
    const majorSdoId = integer(value);
    return majorSdoId === null ? null : majorSdoId << 8;
  }),

  network_transport: transport,
  delay_mechanism: delayMechanism,
  time_stamping: timeStamping,
  twoStepFlag,
  logAnnounceInterval: toBoundary('logAnnounceInterval', asInteger),
  logSyncInterval: toBoundary('logSyncInterval', asInteger),
  logMinDelayReqInterval: toBoundary('logMinDelayReqInterval', asInteger),
  logMinPdelayReqInterval: toPort(['peerDelay', 'logInterval'], asInteger),
  announceReceiptTimeout: toBoundary('announceReceiptTimeout', asInteger),
  syncReceiptTimeout: toBoundary('syncReceiptTimeout', asInteger),
  masterOnly: transmitterOnly,
  serverOnly: transmitterOnly,
  timeTransmitterOnly: transmitterOnly,
  'G.8275.portDS.localPriority': toBoundary('localPriority', asInteger),
  ingressLatency: toPort(['timing', 'ingressLatencyNs'], asNumber),
  egressLatency: toPort(['timing', 'egressLatencyNs'], asNumber),
  delayAsymmetry: toPort(['timing', 'delayAsymmetryNs'], asNumber),
  neighborPropDelayThresh: toPort(['peerDelay', 'neighborPropDelayThreshNs'], asInteger),
  dscp_event: toPort(['marking', 'dscp'], (value) => {
    const dscp = integer(value);
    return dscp === 0 ? 'none' : dscp;
  }),
  socket_priority: toPort(['ptpPriority'], asInteger),
  hybrid_e2e: truthOfMessaging('hybrid'),
  inhibit_multicast_service: truthOfMessaging('unicast'),
  unicast_listen: {
    port: ({ tree }, value) => {
      const isOn = asTruth(value);
      if (isOn === null) return NOT_A_VALUE;
      put(tree, ['boundary', 'unicastGrants'], isOn === true ? {} : 'none');
      return null;
    },
  },
  unicast_req_duration: toBoundary('unicastDurationSeconds', asInteger),
  unicast_master_table: {
    port: (port, value) => {
      const table = integer(value);
      if (table === null) return NOT_A_VALUE;
      port.masterTable = table === 0 ? null : table;
      return null;
    },
  },

  dscp_general: note('the priority of general messages is that of event messages: marking.dscp'),
  ptp_dst_mac: note('the group address is the profile’s: boundary.group where it has a choice'),
  p2p_dst_mac: note('the group address is the standard’s'),
  udp6_scope: note('the scope is the profile’s'),
  udp_ttl: note('messages to a group go no further than the link: 1'),
  gmCapable: note('clockClass 255, or boundary.desiredState, says who cannot be grandmaster'),
  free_running: note('a clock that is not steered is a transparent one'),
  freq_est_interval: note(SERVO_GAINS),
  hwts_filter: note('stamps are the dataplane’s'),
  tx_timestamp_timeout: note(NO_FAULTS),
  fault_reset_interval: note(NO_FAULTS),
  fault_badpeernet_interval: note('a link with two responders recovers by itself'),
  check_fup_sync: note('Sync and Follow_Up may come in any order'),
  assume_two_step: note('a Follow_Up is waited for where the flag says that one comes'),
  tsproc_mode: note('the delay filter has a key of its own: instance.servo.delayFilter'),
  initial_delay: note('the first delay is measured'),
  sanity_freq_limit: note('instance.servo.maxFrequencyPpb and instance.sanity do this'),
  step_window: note('after a step samples of before are void here'),
  ntpshm_segment: note(
    'the dataplane’s clock is steered; the system clock follows by a clock device',
  ),
  servo_num_offset_values: note('LOCKED comes of the servo’s own statistics'),
  write_phase_mode: note('time is a function of the counter: it has a phase always'),
  kernel_leap: note('PTP time does not step for a leap second; the system clock is not steered'),
  summary_interval: note(LOGGED),
  use_syslog: note(LOGGED),
  verbose: note(LOGGED),
  message_tag: note(LOGGED),
  userDescription: note('set with pmc: SET USER_DESCRIPTION'),
  productDescription: note('told as the product is'),
  revisionData: note('told as the product is'),
  manufacturerIdentity: note('told as the product is'),
  tc_spanning_tree: note('the bridge is the switch’s own'),
  boundary_clock_jbod: note('all ports of a switch have one clock'),
  min_neighbor_prop_delay: note('negative delays are counted, and outliers left out'),
  asCapable: note('boundary.profile 802.1as asks for it'),
  follow_up_info: note('the profile says which TLVs are sent'),
  msg_interval_request: note('the profile says which TLVs are sent'),
  operLogSyncInterval: note('intervals stay as they are configured'),
  operLogPdelayReqInterval: note('intervals stay as they are configured'),
  inhibit_announce: note('the profile says what is sent; external port configuration does this'),
  inhibit_delay_req: note('boundary.delayMechanism: none does this'),
  ignore_source_id: note('Follow_Up and Sync are matched by their source'),
  ignore_transport_specific: note('sdoId tells instances apart'),
  net_sync_monitor: note('slave event monitoring is there instead'),
  slave_event_monitor: note('told by the status and by subscriptions'),
  logQueryInterval: note('stands in a unicast_master_table'),
  pi_proportional_const: note(SERVO_GAINS),
  pi_integral_const: note(SERVO_GAINS),
  pi_proportional_scale: note(SERVO_GAINS),
  pi_proportional_exponent: note(SERVO_GAINS),
  pi_proportional_norm_max: note(SERVO_GAINS),
  pi_integral_scale: note(SERVO_GAINS),
  pi_integral_exponent: note(SERVO_GAINS),
  pi_integral_norm_max: note(SERVO_GAINS),
};
