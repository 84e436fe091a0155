/**
 * Management of a clock: one request in, replies and effects out. IEEE 1588-2019 15. What a clock has
 * to say is in its sets: management-sets.ts (transparent), management-boundary-sets.ts.
 *
 * Everybody may ask. Only the local socket may change: no message on the wire is authenticated. What
 * came by unicast from a stranger is never answered with more octets than it had, all replies taken
 * together, so that a forged source address gains nothing.
 */
import { logInterval, scaledNs } from '#units/time';
import {
  decodeManagementTlv,
  encodeManagementTlv,
  isManagementTlv,
  MANAGEMENT_ACTION,
  MANAGEMENT_ERROR,
  MANAGEMENT_ID,
  type ManagementTlv,
} from '#wire/management-tlv';
import { FLAG, sdoIdOf } from '#wire/ptp-header';
import { decodeMessage, encodeMessage, type Management } from '#wire/ptp-message';
import type {
  ClockSet,
  ManagedClock,
  ManagementEffect,
  PortSet,
  SetResult,
} from './management-types.js';

/** How a request came. `unicast` is a stranger's; `local` the clock's own socket. */
export type ManagementOrigin = 'local' | 'multicast' | 'unicast';

export interface ManagementRequest {
  /** The message; padding may stand behind it. */
  readonly octets: Uint8Array;
  readonly origin: ManagementOrigin;
  /** portNumber of the port that it came in by; null: the local socket. */
  readonly ingressPort: number | null;
}

/** Why a message is not answered: a name for its counter. */
export type ManagementSilence =
  | 'undecodable'
  | 'no-management-tlv'
  | 'not-a-request'
  | 'own-message'
  | 'other-instance'
  | 'other-clock'
  | 'no-such-port'
  | 'reply-larger-than-request';

export interface ManagementAnswer {
  /** Encoded, in the order of the ports, all to whoever asked. */
  readonly replies: readonly Uint8Array[];
  readonly effects: readonly ManagementEffect[];
  /** Not null: this is why replies are missing, some or all. */
  readonly silence: ManagementSilence | null;
}

const ALL_CLOCKS = 0xffff_ffff_ffff_ffffn;
const ALL_PORTS = 0xffff;
/** linuxptp's number of the local socket; no port has it. */
const LOCAL_PORT = 0;
const OWN_MINOR_VERSION = 1;
/** Table 42. */
const CONTROL_MANAGEMENT = 4;
const NO_LOG_INTERVAL = logInterval(0x7f);
const NOTHING = new Uint8Array(0);
const LOCAL_SOCKET_ONLY = 'only from the local socket';
const KNOWN_IDS: ReadonlySet<number> = new Set(Object.values(MANAGEMENT_ID));

/** 15.3 and 15.4: total, whatever the octets are. */
export function answerManagement(
  request: ManagementRequest,
  clock: ManagedClock,
): ManagementAnswer {
  const decoded = decodeMessage(request.octets);
  if (!decoded.ok || decoded.value.kind !== 'management') return silent('undecodable');
  const message = decoded.value;
  const why = whySilent(message, request, clock);
  if (why !== null) return silent(why);
  const asked = onlyManagementTlv(message);
  if (asked === null) return silent('no-management-tlv');
  const outcomes = outcomesOf({ ...asked, request, message, clock });
  if (outcomes.length === 0) return silent('no-such-port');
  const replies = outcomes.map((outcome) =>
    encodeMessage(replyTo(message, request, clock, outcome)),
  );
  const sent =
    request.origin === 'unicast' ? fitting(replies, encodeMessage(message).length) : replies;
  return {
    replies: sent,
    effects: outcomes.flatMap(({ effects }) => effects),
    silence: sent.length < replies.length ? 'reply-larger-than-request' : null,
  };
}

function silent(silence: ManagementSilence): ManagementAnswer {
  return { replies: [], effects: [], silence };
}

function whySilent(
  message: Management,
  request: ManagementRequest,
  clock: ManagedClock,
): ManagementSilence | null {
  const { header, targetPortIdentity, action } = message;
  if (action === MANAGEMENT_ACTION.response || action === MANAGEMENT_ACTION.acknowledge) {
    return 'not-a-request';
  }
  if (action > MANAGEMENT_ACTION.acknowledge) return 'not-a-request';
  if (
    request.origin !== 'local' &&
    header.sourcePortIdentity.clockIdentity === clock.clockIdentity
  ) {
    return 'own-message';
  }
  if (header.domainNumber !== clock.domainNumber || sdoIdOf(header) !== clock.sdoId) {
    return 'other-instance';
  }
  const { clockIdentity } = targetPortIdentity;
  return clockIdentity === ALL_CLOCKS || clockIdentity === clock.clockIdentity
    ? null
    : 'other-clock';
}

/** A TLV of management, and no second one; others behind it are not ours to judge. */
function onlyManagementTlv(
  message: Management,
): { readonly managementId: number; readonly data: Uint8Array } | null {
  const [first] = message.tlvs;
  const decoded = first === undefined ? null : decodeManagementTlv(first);
  if (decoded?.ok !== true || decoded.value.kind !== 'management') return null;
  return message.tlvs.filter(isManagementTlv).length === 1 ? decoded.value : null;
}

interface Question {
  readonly request: ManagementRequest;
  readonly message: Management;
  readonly managementId: number;
  readonly data: Uint8Array;
  readonly clock: ManagedClock;
}

/** One reply: which port gives it, and what it says. */
interface Outcome {
  readonly portNumber: number;
  readonly tlv: ManagementTlv;
  readonly effects: readonly ManagementEffect[];
}

function outcomesOf(question: Question): readonly Outcome[] {
  const { request, message, managementId, clock } = question;
  const { portNumber } = message.targetPortIdentity;
  const ports = clock.portNumbers.filter(
    (number) => portNumber === ALL_PORTS || portNumber === number,
  );
  const set = clock.set(managementId);
  if (set?.scope === 'port') {
    return ports.map((port) => ({ portNumber: port, ...portOutcome(question, set, port) }));
  }
  if (ports.length === 0 && portNumber !== ALL_PORTS && portNumber !== LOCAL_PORT) return [];
  const replier = request.ingressPort ?? LOCAL_PORT;
  if (set === undefined) {
    const isKnown = KNOWN_IDS.has(managementId);
    const errorId = isKnown ? MANAGEMENT_ERROR.notSupported : MANAGEMENT_ERROR.noSuchId;
    const why = isKnown ? `not of ${clock.what}` : '';
    return [{ portNumber: replier, ...refused(question, errorId, why) }];
  }
  return [{ portNumber: replier, ...clockOutcome(question, set) }];
}

type Said = Omit<Outcome, 'portNumber'>;

function clockOutcome(question: Question, set: ClockSet): Said {
  return outcomeOf(question, set, set);
}

function portOutcome(question: Question, set: PortSet, port: number): Said {
  const { set: change, command } = set;
  return outcomeOf(question, set, {
    get: () => set.get(port),
    set: change && ((data) => change(data, port)),
    command: command && (() => command(port)),
  });
}

interface Access {
  readonly get: () => Uint8Array;
  readonly set?: ((data: Uint8Array) => SetResult) | undefined;
  readonly command?: (() => SetResult) | undefined;
}

function outcomeOf(question: Question, { localOnly }: ClockSet | PortSet, access: Access): Said {
  const { request, message, managementId, data } = question;
  const isLocal = request.origin === 'local';
  switch (message.action) {
    case MANAGEMENT_ACTION.get:
      if (localOnly && !isLocal) {
        return refused(question, MANAGEMENT_ERROR.notSupported, LOCAL_SOCKET_ONLY);
      }
      return told(managementId, access.get());
    case MANAGEMENT_ACTION.set:
      if (!isLocal) return refused(question, MANAGEMENT_ERROR.notSetable, LOCAL_SOCKET_ONLY);
      if (managementId === MANAGEMENT_ID.nullManagement) return told(managementId, data);
      return changed(question, data, access.set && (() => access.set?.(data)));
    default:
      if (!isLocal) return refused(question, MANAGEMENT_ERROR.notSupported, LOCAL_SOCKET_ONLY);
      if (managementId === MANAGEMENT_ID.nullManagement) return told(managementId, NOTHING);
      return access.command === undefined
        ? refused(question, MANAGEMENT_ERROR.notSupported, 'not a command')
        : changed(question, NOTHING, access.command);
  }
}

function changed(
  question: Question,
  echoed: Uint8Array,
  change: (() => SetResult | undefined) | undefined,
): Said {
  const result = change?.();
  if (result === undefined) {
    return refused(question, MANAGEMENT_ERROR.notSetable, 'set by the configuration file');
  }
  if (result.ok) return { ...told(question.managementId, echoed), effects: [result.value] };
  const errorId =
    result.error.code === 'wrong-length'
      ? MANAGEMENT_ERROR.wrongLength
      : MANAGEMENT_ERROR.wrongValue;
  return refused(question, errorId, result.error.message);
}

function told(managementId: number, data: Uint8Array): Said {
  return { tlv: { kind: 'management', managementId, data }, effects: [] };
}

/** Strangers by unicast get no text: it would only make the reply too large to be sent. */
function refused({ request, managementId }: Question, errorId: number, why: string): Said {
  const displayData = request.origin === 'unicast' ? '' : why;
  return { tlv: { kind: 'error', errorId, managementId, displayData }, effects: [] };
}

/** 15.4.1 and table 57: back to who asked, over as many boundary clocks as the request crossed. */
function replyTo(
  message: Management,
  request: ManagementRequest,
  clock: ManagedClock,
  outcome: Outcome,
): Management {
  const { header } = message;
  const hops = Math.max(0, message.startingBoundaryHops - message.boundaryHops);
  return {
    kind: 'management',
    header: {
      ...header,
      // Not more than the asker says that it understands.
      minorVersionPtp: Math.min(header.minorVersionPtp, OWN_MINOR_VERSION),
      flags: request.origin === 'unicast' ? FLAG.unicast : 0,
      correctionField: scaledNs(0n),
      messageTypeSpecific: 0,
      sourcePortIdentity: {
        clockIdentity: clock.clockIdentity,
        portNumber: outcome.portNumber,
      },
      controlField: CONTROL_MANAGEMENT,
      logMessageInterval: NO_LOG_INTERVAL,
    },
    targetPortIdentity: header.sourcePortIdentity,
    startingBoundaryHops: hops,
    boundaryHops: hops,
    action:
      message.action === MANAGEMENT_ACTION.command
        ? MANAGEMENT_ACTION.acknowledge
        : MANAGEMENT_ACTION.response,
    tlvs: [encodeManagementTlv(outcome.tlv)],
  };
}

/** As many of the first ones as are together no larger than `octets`. */
function fitting(replies: readonly Uint8Array[], octets: number): readonly Uint8Array[] {
  let left = octets;
  const firstLost = replies.findIndex((reply) => {
    left -= reply.length;
    return left < 0;
  });
  return firstLost === -1 ? replies : replies.slice(0, firstLost);
}
