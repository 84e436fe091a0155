/** A transparent clock with three ports, and somebody who asks it. */
import { expect } from 'vitest';
import { answerManagement, type ManagementOrigin } from '#ptp/management';
import { managedTransparentClock } from '#ptp/management-sets';
import type { ManagedClock } from '#ptp/management-types';
import type { TransparentClock, TransparentClockPort } from '#ptp/transparent-clock';
import { macAddress } from '#units/identity';
import { logInterval, scaledNs } from '#units/time';
import * as data from '#wire/management-data';
import {
  decodeManagementTlv,
  encodeManagementTlv,
  MANAGEMENT_ACTION,
  MANAGEMENT_ID,
} from '#wire/management-tlv';
import type { PortIdentity } from '#wire/ptp-header';
import { decodeMessage, encodeMessage, type Management } from '#wire/ptp-message';

export const CLOCK = 0x0200_00ff_fe00_000an;
export const ASKER: PortIdentity = { clockIdentity: 0x0200_00ff_fe00_000bn, portNumber: 1 };
const EVERYBODY: PortIdentity = { clockIdentity: (1n << 64n) - 1n, portNumber: 0xffff };

export function port(
  portNumber: number,
  change: Partial<TransparentClockPort> = {},
): TransparentClockPort {
  return {
    portNumber,
    interfaceName: `swp${portNumber}`,
    isUp: true,
    isEnabled: true,
    mechanism: 'e2e',
    isTwoStep: false,
    timestamping: 'software',
    physicalAddress: macAddress('02:00:00:00:00:0a'),
    protocolAddress: {
      networkProtocol: data.NETWORK_PROTOCOL.ethernet,
      address: Uint8Array.of(2, 0, 0, 0, 0, 0x0a),
    },
    logMinPdelayReqInterval: logInterval(0),
    neighborPropDelayThresholdNs: 20_000_000,
    peerDelay: null,
    received: Array.from({ length: 16 }, () => 0n),
    sent: Array.from({ length: 16 }, () => 0n),
    ...change,
  };
}

export const clock = (change: Partial<TransparentClock> = {}): TransparentClock => ({
  clockIdentity: CLOCK,
  primaryDomain: 0,
  sdoId: 0,
  productDescription: 'timeplane;;',
  revisionData: ';;0.2.0',
  userDescription: 'hello',
  ports: [port(1), port(2), port(3)],
  ...change,
});

export interface Asked {
  readonly managementId?: number;
  readonly action?: number;
  readonly data?: Uint8Array;
  readonly target?: PortIdentity;
  readonly origin?: ManagementOrigin;
  readonly change?: Partial<Management>;
  readonly header?: Partial<Management['header']>;
}

export function requestOf(asked: Asked): Management {
  const { managementId = MANAGEMENT_ID.nullManagement, action = MANAGEMENT_ACTION.get } = asked;
  return {
    kind: 'management',
    header: {
      majorSdoId: 0,
      minorVersionPtp: 0,
      domainNumber: 0,
      minorSdoId: 0,
      flags: 0,
      correctionField: scaledNs(0n),
      messageTypeSpecific: 0,
      sourcePortIdentity: ASKER,
      sequenceId: 77,
      controlField: 4,
      logMessageInterval: logInterval(0x7f),
      ...asked.header,
    },
    targetPortIdentity: asked.target ?? EVERYBODY,
    startingBoundaryHops: 1,
    boundaryHops: 1,
    action,
    tlvs: [
      encodeManagementTlv({
        kind: 'management',
        managementId,
        data: asked.data ?? new Uint8Array(0),
      }),
    ],
    ...asked.change,
  };
}

/** One question to a transparent clock, and its answers decoded. */
export function ask(asked: Asked, of: TransparentClock = clock()) {
  return askManaged(asked, managedTransparentClock(of));
}

/** One question to any clock. */
export function askManaged(asked: Asked, managed: ManagedClock) {
  const { origin = 'multicast' } = asked;
  const octets = encodeMessage(requestOf(asked));
  const ingressPort = origin === 'local' ? null : 1;
  const answer = answerManagement({ octets, origin, ingressPort }, managed);
  const replies = answer.replies.map((reply) => {
    const message = decodeMessage(reply);
    if (!message.ok || message.value.kind !== 'management') throw new Error('no management');
    const [tlv] = message.value.tlvs;
    const decoded = tlv && decodeManagementTlv(tlv);
    if (decoded?.ok !== true) throw new Error('no TLV');
    return {
      message: message.value,
      tlv: decoded.value,
      from: message.value.header.sourcePortIdentity.portNumber,
    };
  });
  return { ...answer, replies, octets: answer.replies };
}

/** The data of the only reply. */
export function dataOf(asked: Asked, of?: TransparentClock): Uint8Array {
  return onlyDataOf(ask(asked, of));
}

/** The data of the only reply. */
export function onlyDataOf({ replies }: ReturnType<typeof askManaged>): Uint8Array {
  expect(replies).toHaveLength(1);
  const [reply] = replies;
  if (reply?.tlv.kind !== 'management') throw new Error(`an error: ${JSON.stringify(reply?.tlv)}`);
  return reply.tlv.data;
}
