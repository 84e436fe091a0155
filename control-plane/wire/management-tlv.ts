/** The TLVs of Management messages: IEEE 1588-2019 15.4, 15.5.2 and 15.5.4. */
import { failure, success, type Result } from '#units/result';
import { concatOctets, viewOf } from './octets.js';
import type { Tlv } from './ptp-message.js';
import { TLV_TYPE } from './tlv/tlv-type.js';
import { decodeUtf8, encodeUtf8 } from './text.js';

/** Table 57. */
export const MANAGEMENT_ACTION = {
  get: 0,
  set: 1,
  response: 2,
  command: 3,
  acknowledge: 4,
} as const;

/** Table 109. */
export const MANAGEMENT_ERROR = {
  responseTooBig: 0x0001,
  noSuchId: 0x0002,
  wrongLength: 0x0003,
  wrongValue: 0x0004,
  notSetable: 0x0005,
  notSupported: 0x0006,
  unpopulated: 0x0007,
  generalError: 0xfffe,
} as const;

/** Table 59; from 0xC000 on those of an implementation, here linuxptp's, which pmc asks for. */
export const MANAGEMENT_ID = {
  nullManagement: 0x0000,
  clockDescription: 0x0001,
  userDescription: 0x0002,
  saveInNonVolatileStorage: 0x0003,
  resetNonVolatileStorage: 0x0004,
  initialize: 0x0005,
  faultLog: 0x0006,
  faultLogReset: 0x0007,
  defaultDataSet: 0x2000,
  currentDataSet: 0x2001,
  parentDataSet: 0x2002,
  timePropertiesDataSet: 0x2003,
  portDataSet: 0x2004,
  priority1: 0x2005,
  priority2: 0x2006,
  domain: 0x2007,
  slaveOnly: 0x2008,
  logAnnounceInterval: 0x2009,
  announceReceiptTimeout: 0x200a,
  logSyncInterval: 0x200b,
  versionNumber: 0x200c,
  enablePort: 0x200d,
  disablePort: 0x200e,
  time: 0x200f,
  clockAccuracy: 0x2010,
  utcProperties: 0x2011,
  traceabilityProperties: 0x2012,
  timescaleProperties: 0x2013,
  unicastNegotiationEnable: 0x2014,
  pathTraceList: 0x2015,
  pathTraceEnable: 0x2016,
  grandmasterClusterTable: 0x2017,
  unicastMasterTable: 0x2018,
  unicastMasterMaxTableSize: 0x2019,
  acceptableMasterTable: 0x201a,
  acceptableMasterTableEnabled: 0x201b,
  acceptableMasterMaxTableSize: 0x201c,
  alternateMaster: 0x201d,
  alternateTimeOffsetEnable: 0x201e,
  alternateTimeOffsetName: 0x201f,
  alternateTimeOffsetMaxKey: 0x2020,
  alternateTimeOffsetProperties: 0x2021,
  transparentClockDefaultDataSet: 0x4000,
  transparentClockPortDataSet: 0x4001,
  primaryDomain: 0x4002,
  delayMechanism: 0x6000,
  logMinPdelayReqInterval: 0x6001,
  timeStatusNp: 0xc000,
  grandmasterSettingsNp: 0xc001,
  portDataSetNp: 0xc002,
  subscribeEventsNp: 0xc003,
  portPropertiesNp: 0xc004,
  portStatsNp: 0xc005,
  synchronizationUncertainNp: 0xc006,
} as const;

const TLV_MANAGEMENT = TLV_TYPE.management;
const TLV_MANAGEMENT_ERROR_STATUS = TLV_TYPE.managementErrorStatus;
const ID_OCTETS = 2;
const ERROR_OCTETS = 8;

export type ManagementTlv =
  | { readonly kind: 'management'; readonly managementId: number; readonly data: Uint8Array }
  | {
      readonly kind: 'error';
      readonly errorId: number;
      readonly managementId: number;
      /** For people; may be left out on the wire, as ptp4l does. */
      readonly displayData: string;
    };

export function isManagementTlv({ type }: Tlv): boolean {
  return type === TLV_MANAGEMENT || type === TLV_MANAGEMENT_ERROR_STATUS;
}

export function encodeManagementTlv(tlv: ManagementTlv): Tlv {
  if (tlv.kind === 'management') {
    return { type: TLV_MANAGEMENT, value: evenly(withId(tlv.managementId, tlv.data)) };
  }
  const fixed = new Uint8Array(ERROR_OCTETS);
  const view = viewOf(fixed);
  view.setUint16(0, tlv.errorId);
  view.setUint16(2, tlv.managementId);
  const text = encodeUtf8(tlv.displayData);
  const display = text.length === 0 ? text : Uint8Array.of(text.length, ...text);
  return { type: TLV_MANAGEMENT_ERROR_STATUS, value: evenly(concatOctets(fixed, display)) };
}

function withId(managementId: number, data: Uint8Array): Uint8Array {
  const head = new Uint8Array(ID_OCTETS);
  viewOf(head).setUint16(0, managementId);
  return concatOctets(head, data);
}

function evenly(octets: Uint8Array): Uint8Array {
  return octets.length % 2 === 0 ? octets : concatOctets(octets, new Uint8Array(1));
}

export type ManagementTlvErrorCode = 'tlv-not-management' | 'tlv-too-short';

export function decodeManagementTlv(tlv: Tlv): Result<ManagementTlv, ManagementTlvErrorCode> {
  const { type, value } = tlv;
  const view = viewOf(value);
  if (type === TLV_MANAGEMENT) {
    if (value.length < ID_OCTETS) return failure('tlv-too-short', 'a management TLV without id');
    const managementId = view.getUint16(0);
    return success({ kind: 'management', managementId, data: value.slice(ID_OCTETS) });
  }
  if (type !== TLV_MANAGEMENT_ERROR_STATUS) {
    return failure('tlv-not-management', `TLV type 0x${type.toString(16)} is not management's`);
  }
  if (value.length < ERROR_OCTETS) {
    return failure('tlv-too-short', `an error status of ${value.length} octets`);
  }
  const textOctets = value[ERROR_OCTETS] ?? 0;
  const start = ERROR_OCTETS + 1;
  if (value.length > ERROR_OCTETS && start + textOctets > value.length) {
    return failure('tlv-too-short', 'displayData goes beyond its TLV');
  }
  return success({
    kind: 'error',
    errorId: view.getUint16(0),
    managementId: view.getUint16(2),
    displayData: decodeUtf8(value.slice(start, start + textOctets)),
  });
}
