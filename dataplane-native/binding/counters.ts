/** The counters of ports and engine by name, in the order of engine.h's enumerations. */

/** By `enum tp_port_counter`. Frames, octets or 0/1, as the name says; never reset. */
export const PORT_COUNTERS = [
  'rxFrames',
  'rxOctets',
  'txFrames',
  'txOctets',
  'rxKernelDrops',
  'rxOversize',
  'rxNoTimestamp',
  'rxChecksumFilled',
  'txQueueFull',
  'txErrors',
  'txCorrected',
  'txCorrectionLost',
  'txSaturated',
  'txStamps',
  'txStampsMissing',
  'linkUp',
  'queueOctets',
  'txEvents',
  'txEventsLost',
  'txWaits',
  'txWaitsLost',
] as const;

/** By `enum tp_engine_counter`. */
export const ENGINE_COUNTERS = [
  'droppedByProgram',
  'droppedByAssertion',
  'droppedNoPort',
  'droppedNoGroup',
  'droppedNoSession',
  'droppedNoBuffer',
  'droppedNoPipeline',
  'droppedHeadroom',
  'droppedLoops',
  'droppedReload',
  'droppedInboxFull',
  'packetIns',
  'packetInsLost',
  'digests',
  'digestsLost',
  'logMessages',
  'logMessagesLost',
] as const;

export type PortCounters = Readonly<Record<(typeof PORT_COUNTERS)[number], bigint>>;
export type EngineCounters = Readonly<Record<(typeof ENGINE_COUNTERS)[number], bigint>>;
