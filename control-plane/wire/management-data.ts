/**
 * dataField of the management TLVs, IEEE 1588-2019 15.5.3 and linuxptp's own: one codec for each.
 * Flags that share an octet stay one number; what they mean stands beside them.
 */
import { failure, success, type Result } from '#units/result';
import {
  array,
  followedBy,
  int16,
  int32,
  int8,
  layout,
  portIdentity,
  timeInterval,
  uint16,
  uint32,
  uint64,
  uint8,
  type Codec,
  type Field,
  type LayoutErrorCode,
} from './fields.js';
import { concatOctets } from './octets.js';
import { decodeUtf8, encodeUtf8 } from './text.js';

/** 15.5.3.1.2, table 62: the first octet is the most significant. */
export const CLOCK_TYPE = {
  ordinary: 0x8000,
  boundary: 0x4000,
  p2pTransparent: 0x2000,
  e2eTransparent: 0x1000,
  managementNode: 0x0800,
} as const;

/** Table 20. */
export const PORT_STATE = {
  initializing: 1,
  faulty: 2,
  disabled: 3,
  listening: 4,
  preMaster: 5,
  master: 6,
  passive: 7,
  uncalibrated: 8,
  slave: 9,
} as const;

/** Table 21. */
export const DELAY_MECHANISM = { e2e: 1, p2p: 2, noMechanism: 0xfe } as const;

/** Table 3: networkProtocol. */
export const NETWORK_PROTOCOL = { udp4: 1, udp6: 2, ethernet: 3 } as const;

export interface ClockDescription {
  /** A sum of CLOCK_TYPE. */
  readonly clockType: number;
  readonly physicalLayerProtocol: string;
  readonly physicalAddress: Uint8Array;
  readonly protocolAddress: { readonly networkProtocol: number; readonly address: Uint8Array };
  /** Three octets: an OUI. */
  readonly manufacturerIdentity: Uint8Array;
  /** Manufacturer;model;instance. */
  readonly productDescription: string;
  /** Hardware;firmware;software. */
  readonly revisionData: string;
  readonly userDescription: string;
  /** Six octets, 20.3.3. */
  readonly profileIdentity: Uint8Array;
}

const PHYSICAL_LAYER_MAX = 32;
const PHYSICAL_ADDRESS_MAX = 16;
const PRODUCT_MAX = 64;
const REVISION_MAX = 32;
export const USER_DESCRIPTION_MAX = 128;

/** 15.5.3.1.2. */
export const clockDescription: Codec<ClockDescription> = {
  encode: (value) => {
    const { networkProtocol, address } = value.protocolAddress;
    return concatOctets(
      uint16Octets(value.clockType),
      text(value.physicalLayerProtocol, PHYSICAL_LAYER_MAX),
      uint16Octets(value.physicalAddress.length),
      value.physicalAddress,
      uint16Octets(networkProtocol),
      uint16Octets(address.length),
      address,
      value.manufacturerIdentity,
      new Uint8Array(1),
      text(value.productDescription, PRODUCT_MAX),
      text(value.revisionData, REVISION_MAX),
      text(value.userDescription, USER_DESCRIPTION_MAX),
      value.profileIdentity,
    );
  },
  decode: (octets) => {
    const reader = new Reader(octets);
    const value: ClockDescription = {
      clockType: reader.uint16(),
      physicalLayerProtocol: reader.text(),
      physicalAddress: reader.octets(reader.uint16(PHYSICAL_ADDRESS_MAX)),
      protocolAddress: {
        networkProtocol: reader.uint16(),
        address: reader.octets(reader.uint16(PHYSICAL_ADDRESS_MAX)),
      },
      manufacturerIdentity: reader.octets(4).slice(0, 3),
      productDescription: reader.text(),
      revisionData: reader.text(),
      userDescription: reader.text(),
      profileIdentity: reader.octets(6),
    };
    return reader.finish(value);
  },
};

/** 15.5.3.1.3. */
export const userDescription: Codec<string> = {
  encode: (value) => text(value, USER_DESCRIPTION_MAX),
  decode: (octets) => {
    const reader = new Reader(octets);
    const value = reader.text();
    return reader.finish(value);
  },
};

const clockQuality = {
  clockClass: uint8,
  clockAccuracy: uint8,
  offsetScaledLogVariance: uint16,
} as const;

/** 15.5.3.3.1; flags: bit 0 twoStepFlag, bit 1 slaveOnly. */
export const defaultDataSet = layout({
  flags: followedBy(uint8, 1),
  numberPorts: uint16,
  priority1: uint8,
  ...clockQuality,
  priority2: uint8,
  clockIdentity: uint64,
  domainNumber: followedBy(uint8, 1),
});
export type DefaultDataSet = ValueOfCodec<typeof defaultDataSet>;

/** 15.5.3.4.1. */
export const currentDataSet = layout({
  stepsRemoved: uint16,
  offsetFromMaster: timeInterval,
  meanDelay: timeInterval,
});

/** 15.5.3.5.1; flags: bit 0 parentStats. */
export const parentDataSet = layout({
  parentPortIdentity: portIdentity,
  flags: followedBy(uint8, 1),
  observedParentOffsetScaledLogVariance: uint16,
  observedParentClockPhaseChangeRate: int32,
  grandmasterPriority1: uint8,
  ...clockQuality,
  grandmasterPriority2: uint8,
  grandmasterIdentity: uint64,
});

/** 15.5.3.6.1; flags as the second octet of flagField. */
export const timePropertiesDataSet = layout({
  currentUtcOffset: int16,
  flags: uint8,
  timeSource: uint8,
});

/** 15.5.3.7.1. */
export const portDataSet = layout({
  portIdentity,
  portState: uint8,
  logMinDelayReqInterval: int8,
  meanLinkDelay: timeInterval,
  logAnnounceInterval: int8,
  announceReceiptTimeout: uint8,
  logSyncInterval: int8,
  delayMechanism: uint8,
  logMinPdelayReqInterval: int8,
  versionNumber: uint8,
});
export type PortDataSet = ValueOfCodec<typeof portDataSet>;

/** 15.5.3.10.1. */
export const transparentClockDefaultDataSet = layout({
  clockIdentity: uint64,
  numberPorts: uint16,
  delayMechanism: uint8,
  primaryDomain: uint8,
});
export type TransparentClockDefaultDataSet = ValueOfCodec<typeof transparentClockDefaultDataSet>;

/** 15.5.3.11.1; flags: bit 0 faultyFlag. */
export const transparentClockPortDataSet = layout({
  portIdentity,
  flags: uint8,
  logMinPdelayReqInterval: int8,
  peerMeanPathDelay: timeInterval,
});
export type TransparentClockPortDataSet = ValueOfCodec<typeof transparentClockPortDataSet>;

/** The sets of one octet and a reserved one: PRIORITY1, DOMAIN, VERSION_NUMBER, DELAY_MECHANISM. */
export const oneUnsigned = layout({ value: followedBy(uint8, 1) });
/** LOG_MIN_PDELAY_REQ_INTERVAL and the other intervals. */
export const oneInterval = layout({ value: followedBy(int8, 1) });

/** PORT_DATA_SET_NP: the threshold in ns. */
export const portDataSetNp = layout({ neighborPropDelayThresh: uint32, asCapable: int32 });

/** PORT_STATS_NP counts in little-endian: it is memory of the hosts linuxptp was written on. */
const littleEndian64: Field<bigint> = {
  octets: 8,
  read: (view, offset) => view.getBigUint64(offset, true),
  write: (view, offset, value) => {
    view.setBigUint64(offset, value, true);
  },
};
const MESSAGE_TYPES = 16;

/** PORT_STATS_NP: messages by messageType. */
export const portStatsNp = layout({
  portIdentity,
  received: array(littleEndian64, MESSAGE_TYPES),
  sent: array(littleEndian64, MESSAGE_TYPES),
});
export type PortStatsNp = ValueOfCodec<typeof portStatsNp>;

/** PORT_PROPERTIES_NP: how timestamps are taken. */
export const TIMESTAMPING = { software: 0, hardware: 1, legacyHardware: 2, oneStep: 3 } as const;

export interface PortPropertiesNp {
  readonly portIdentity: { readonly clockIdentity: bigint; readonly portNumber: number };
  readonly portState: number;
  readonly timestamping: number;
  readonly interfaceName: string;
}

const portPropertiesHead = layout({ portIdentity, portState: uint8, timestamping: uint8 });
const PORT_PROPERTIES_HEAD_OCTETS = 12;
const INTERFACE_MAX = 255;

export const portPropertiesNp: Codec<PortPropertiesNp> = {
  encode: (value) =>
    concatOctets(portPropertiesHead.encode(value), text(value.interfaceName, INTERFACE_MAX)),
  decode: (octets) => {
    const head = portPropertiesHead.decode(octets);
    if (!head.ok) return head;
    const reader = new Reader(octets.subarray(PORT_PROPERTIES_HEAD_OCTETS));
    const interfaceName = reader.text();
    return reader.finish({ ...head.value, interfaceName });
  },
};

type ValueOfCodec<C> = C extends Codec<infer Value> ? Value : never;

function uint16Octets(value: number): Uint8Array {
  return Uint8Array.of((value >> 8) & 0xff, value & 0xff);
}

/** PTPText, 5.3.9: the length, then UTF-8. */
function text(value: string, maxOctets: number): Uint8Array {
  const encoded = encodeUtf8(value, maxOctets);
  return Uint8Array.of(encoded.length, ...encoded);
}

/** Reads on behind the end as zeros, and says in the end that it did. */
class Reader {
  readonly #octets: Uint8Array;
  #offset = 0;
  #tooLong = false;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  octets(length: number): Uint8Array {
    const taken = this.#octets.slice(this.#offset, this.#offset + length);
    this.#offset += length;
    return taken;
  }

  /** Above `max` the value is taken for wrong, and read as 0. */
  uint16(max = 0xffff): number {
    const [high = 0, low = 0] = this.octets(2);
    const value = (high << 8) | low;
    this.#tooLong ||= value > max;
    return value > max ? 0 : value;
  }

  text(): string {
    const [length = 0] = this.octets(1);
    return decodeUtf8(this.octets(length));
  }

  finish<Value>(value: Value): Result<Value, LayoutErrorCode> {
    if (this.#tooLong) return failure('layout-bad-value', 'an address is longer than 16 octets');
    if (this.#offset > this.#octets.length) {
      return failure('layout-too-short', `${this.#octets.length} octets are too few`);
    }
    return success(value);
  }
}
