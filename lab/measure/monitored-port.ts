/**
 * What a slave port tells of its own stamps, by slave event monitoring (IEEE 1588-2019, 16.11): when Syncs came
 * in and when its Delay_Req left, on its own clock. Beside a tap's stamps of the same frames that is its clock's
 * error, and where its stamps scatter.
 */
import { portIdentityText } from '#units/clock-identity';
import { nsSinceEpoch } from '#units/time';
import { MESSAGE_TYPE } from '#wire/ptp-header';
import { findTlv } from '#wire/tlv/known-tlv';
import type { TapMessage } from './tap-messages.js';

/** By sender and sequenceId, in ns of the port's own clock. */
export interface MonitoredPort {
  readonly syncs: ReadonlyMap<string, bigint>;
  readonly requests: ReadonlyMap<string, bigint>;
}

/** The lower half of the octet. */
const TYPE_MASK = 0x0f;

/** From the Signaling messages that came in where the port's link ends. */
export function monitoredPort(messages: readonly TapMessage[]): MonitoredPort {
  const syncs = new Map<string, bigint>();
  const requests = new Map<string, bigint>();
  for (const { direction, message } of messages) {
    if (direction !== 'in' || message.kind !== 'signaling') continue;
    const received = findTlv(message.tlvs, 'slaveRxSyncTimingData');
    if (received !== undefined) {
      const source = portIdentityText(received.syncSourcePortIdentity);
      for (const { sequenceId, syncEventIngressTimestamp } of received.records) {
        syncs.set(`${source}/${sequenceId}`, nsSinceEpoch(syncEventIngressTimestamp));
      }
    }
    const sent = findTlv(message.tlvs, 'slaveTxEventTimestamps');
    if (sent === undefined || (sent.eventMessageType & TYPE_MASK) !== MESSAGE_TYPE.delayReq) {
      continue;
    }
    const source = portIdentityText(sent.sourcePortIdentity);
    for (const { sequenceId, eventEgressTimestamp } of sent.records) {
      requests.set(`${source}/${sequenceId}`, nsSinceEpoch(eventEgressTimestamp));
    }
  }
  return { syncs, requests };
}
