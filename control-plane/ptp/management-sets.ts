/** What a transparent clock answers to each managementId, as a table: IEEE 1588-2019 15.5.3. */
import { failure, success } from '#units/result';
import { logInterval } from '#units/time';
import {
  clockDescription,
  defaultDataSet,
  oneInterval,
  oneUnsigned,
  portDataSet,
  portDataSetNp,
  portPropertiesNp,
  portStatsNp,
  TIMESTAMPING,
  transparentClockDefaultDataSet,
  transparentClockPortDataSet,
  userDescription,
  USER_DESCRIPTION_MAX,
} from '#wire/management-data';
import { MANAGEMENT_ID } from '#wire/management-tlv';
import { MESSAGE_TYPE } from '#wire/ptp-header';
import { encodeUtf8 } from '#wire/text';
import {
  clockDescriptionOf,
  defaultDS,
  portDS,
  portIdentityOf,
  portStateOf,
  transparentClockDefaultDS,
  transparentClockPortDS,
  wireMechanism,
  type TransparentClock,
  type TransparentClockPort,
} from './transparent-clock.js';
import type { ManagedClock, ManagedSet, SetResult } from './management-types.js';

/** A set of 15.5.3 as a transparent clock answers it. */
type TransparentSet =
  | {
      readonly scope: 'clock';
      readonly get: (clock: TransparentClock) => Uint8Array;
      readonly set?: (data: Uint8Array) => SetResult;
    }
  | {
      readonly scope: 'port';
      readonly localOnly?: true;
      readonly get: (clock: TransparentClock, port: TransparentClockPort) => Uint8Array;
      readonly set?: (data: Uint8Array, port: TransparentClockPort) => SetResult;
    };

const PTP_VERSION = 2;
/** The intervals that the configuration allows, too. */
const MIN_LOG_INTERVAL = -7;
const MAX_LOG_INTERVAL = 5;

export const TRANSPARENT_SETS: ReadonlyMap<number, TransparentSet> = new Map<
  number,
  TransparentSet
>([
  // 15.5.3.1.1: answered and nothing else.
  [MANAGEMENT_ID.nullManagement, { scope: 'port', get: () => new Uint8Array(0) }],
  [
    MANAGEMENT_ID.clockDescription,
    {
      scope: 'port',
      get: (clock, port) => clockDescription.encode(clockDescriptionOf(clock, port)),
    },
  ],
  [
    MANAGEMENT_ID.userDescription,
    {
      scope: 'clock',
      get: (clock) => userDescription.encode(clock.userDescription),
      set: setUserDescription,
    },
  ],
  [
    MANAGEMENT_ID.defaultDataSet,
    { scope: 'clock', get: (clock) => defaultDataSet.encode(defaultDS(clock)) },
  ],
  [
    MANAGEMENT_ID.domain,
    { scope: 'clock', get: (clock) => oneUnsigned.encode({ value: clock.primaryDomain }) },
  ],
  [
    MANAGEMENT_ID.transparentClockDefaultDataSet,
    {
      scope: 'clock',
      get: (clock) => transparentClockDefaultDataSet.encode(transparentClockDefaultDS(clock)),
    },
  ],
  [
    MANAGEMENT_ID.primaryDomain,
    { scope: 'clock', get: (clock) => oneUnsigned.encode({ value: clock.primaryDomain }) },
  ],
  [
    MANAGEMENT_ID.portDataSet,
    { scope: 'port', get: (clock, port) => portDataSet.encode(portDS(clock, port)) },
  ],
  [
    MANAGEMENT_ID.transparentClockPortDataSet,
    {
      scope: 'port',
      get: (clock, port) => transparentClockPortDataSet.encode(transparentClockPortDS(clock, port)),
    },
  ],
  [
    MANAGEMENT_ID.versionNumber,
    { scope: 'port', get: () => oneUnsigned.encode({ value: PTP_VERSION }) },
  ],
  [
    MANAGEMENT_ID.delayMechanism,
    {
      scope: 'port',
      get: (_clock, port) => oneUnsigned.encode({ value: wireMechanism(port.mechanism) }),
    },
  ],
  [
    MANAGEMENT_ID.logMinPdelayReqInterval,
    {
      scope: 'port',
      get: (clock, port) =>
        oneInterval.encode({ value: portDS(clock, port).logMinPdelayReqInterval }),
      set: setLogMinPdelayReqInterval,
    },
  ],
  [
    MANAGEMENT_ID.portDataSetNp,
    {
      scope: 'port',
      get: (_clock, port) =>
        portDataSetNp.encode({
          neighborPropDelayThresh: port.neighborPropDelayThresholdNs,
          // As ptp4l: every port is capable that does not have to prove it.
          asCapable: Number(port.peerDelay?.asCapable ?? true),
        }),
      set: setPortDataSetNp,
    },
  ],
  [
    MANAGEMENT_ID.portStatsNp,
    {
      scope: 'port',
      get: (clock, port) =>
        portStatsNp.encode({
          portIdentity: portIdentityOf(clock, port),
          received: port.received,
          sent: sentOf(port),
        }),
    },
  ],
  [
    MANAGEMENT_ID.portPropertiesNp,
    {
      scope: 'port',
      localOnly: true,
      get: (clock, port) =>
        portPropertiesNp.encode({
          portIdentity: portIdentityOf(clock, port),
          portState: portStateOf(port),
          timestamping: TIMESTAMPING[port.timestamping],
          interfaceName: port.interfaceName,
        }),
    },
  ],
]);

/** A transparent clock as management.ts asks it. */
export function managedTransparentClock(clock: TransparentClock): ManagedClock {
  return {
    what: 'a transparent clock',
    clockIdentity: clock.clockIdentity,
    domainNumber: clock.primaryDomain,
    sdoId: clock.sdoId,
    portNumbers: clock.ports.map(({ portNumber }) => portNumber),
    set: (managementId) => {
      const set = TRANSPARENT_SETS.get(managementId);
      return set && boundTo(clock, set);
    },
  };
}

function boundTo(clock: TransparentClock, set: TransparentSet): ManagedSet {
  if (set.scope === 'clock') return { ...set, get: () => set.get(clock) };
  const portOf = (portNumber: number): TransparentClockPort => {
    const port = clock.ports.find((one) => one.portNumber === portNumber);
    if (port === undefined) throw new Error(`port ${portNumber} is not of portNumbers`);
    return port;
  };
  const { get, set: change, ...access } = set;
  return {
    ...access,
    get: (portNumber) => get(clock, portOf(portNumber)),
    ...(change && { set: (data, portNumber) => change(data, portOf(portNumber)) }),
  };
}

/** The dataplane does not count what the controller sends by it: of that, requests are the most. */
function sentOf({ sent, peerDelay }: TransparentClockPort): readonly bigint[] {
  const requests = BigInt(peerDelay?.counters.requestsSent ?? 0);
  return sent.map((count, type) => (type === MESSAGE_TYPE.pdelayReq ? count + requests : count));
}

function setUserDescription(data: Uint8Array): SetResult {
  const text = userDescription.decode(data);
  if (!text.ok) return failure('wrong-length', text.error.message);
  if (encodeUtf8(text.value).length > USER_DESCRIPTION_MAX) {
    return failure('wrong-value', `more than ${USER_DESCRIPTION_MAX} octets`);
  }
  return success({ kind: 'setUserDescription', userDescription: text.value });
}

function setLogMinPdelayReqInterval(data: Uint8Array, port: TransparentClockPort): SetResult {
  const decoded = oneInterval.decode(data);
  if (!decoded.ok) return failure('wrong-length', decoded.error.message);
  const { value } = decoded.value;
  if (value < MIN_LOG_INTERVAL || value > MAX_LOG_INTERVAL) {
    return failure('wrong-value', `not from ${MIN_LOG_INTERVAL} to ${MAX_LOG_INTERVAL}`);
  }
  return success({
    kind: 'setLogMinPdelayReqInterval',
    portNumber: port.portNumber,
    logInterval: logInterval(value),
  });
}

/** asCapable is measured: what a client sends for it is not looked at, as in ptp4l. */
function setPortDataSetNp(data: Uint8Array, port: TransparentClockPort): SetResult {
  const decoded = portDataSetNp.decode(data);
  if (!decoded.ok) return failure('wrong-length', decoded.error.message);
  return success({
    kind: 'setNeighborPropDelayThreshold',
    portNumber: port.portNumber,
    thresholdNs: decoded.value.neighborPropDelayThresh,
  });
}
