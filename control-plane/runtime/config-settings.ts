/** From the configuration file's words to settings in opaque units. */
import { createHash } from 'node:crypto';
import type {
  BoundarySettings,
  PeerDelaySettings,
  PortSettings,
  SwitchSettings,
} from '#dataplane/settings';
import { clockIdentityOfMac, parseClockIdentity, parsePortIdentity } from '#units/clock-identity';
import { macAddress, macFromBits, portNumber, vlanId, type MacAddress } from '#units/identity';
import { parseIpv4, parseIpv6 } from '#units/ip-address';
import type { Result } from '#units/result';
import { logInterval, milliseconds, nanoseconds, scaledFromNumber } from '#units/time';
import { boundarySettings, instanceNumbers, resolveInstance } from './config-instance.js';
import { hasMode } from './config-rules.js';
import type { AgentFile } from './config-schema.js';
import type { PortFile } from './config-schema-port.js';

/** `hostId` tells this machine from others: it goes into addresses that are not given. */
export function toSettings(file: AgentFile, hostId: string): SwitchSettings {
  const locals = localAddresses(file, hostId);
  const { instance } = file;
  const identity = clockIdentity(file, locals);
  const instanceDomain = instance === null ? 0 : instanceNumbers(instance).domainNumber;
  const boundary = toBoundary(file, identity);
  return {
    clock: { identity, domainNumber: file.clock.domainNumber ?? instanceDomain },
    syntonize: file.syntonize,
    boundary,
    ledger: file.ledger,
    management: {
      ...file.management,
      socket: file.management.socket === 'none' ? null : file.management.socket,
    },
    ports: file.ports.map((port) => toPort(port, boundary, locals)),
    malformed: file.malformed,
  };
}

/** A port's own MAC address, where none is given; port 0 stands for the clock. */
type LocalAddresses = (port: number) => MacAddress;

/** U/L: locally administered. */
const LOCAL_BIT = 0x02n;
const NUMBER_BITS = 16n;

/**
 * 02, three octets that differ by machine and switch, the port's number. The switch's interfaces
 * have addresses too, but P4Runtime tells nobody of them.
 */
function localAddresses(file: AgentFile, hostId: string): LocalAddresses {
  const { address, deviceId } = file.target;
  const digest = createHash('sha256')
    .update(JSON.stringify(['timeplane', hostId, address, deviceId]))
    .digest();
  const organisation = (LOCAL_BIT << 24n) | BigInt(digest.readUIntBE(0, 3));
  return (port) => macFromBits((organisation << NUMBER_BITS) | BigInt(port));
}

function clockIdentity(file: AgentFile, locals: LocalAddresses): bigint {
  if (file.clock.identity !== 'auto') return parsed(parseClockIdentity(file.clock.identity));
  const given = file.ports.find(({ address }) => address.mac !== 'auto')?.address.mac;
  return clockIdentityOfMac(given === undefined ? locals(0) : macAddress(given));
}

/** The schema has tried the same text. */
function parsed<Value>(result: Result<Value>): Value {
  if (!result.ok) throw new Error(`the schema let through: ${result.error.message}`);
  return result.value;
}

function orNull<Value>(value: Value | 'none'): Value | null {
  return value === 'none' ? null : value;
}

function toPort(
  port: PortFile,
  boundary: BoundarySettings | null,
  locals: LocalAddresses,
): PortSettings {
  const { timing, vlan, address, delayResponder } = port;
  const native = orNull(vlan.native);
  return {
    number: portNumber(port.number),
    name: port.name,
    ptp: port.ptp,
    step: port.step,
    ptpPriority: port.ptpPriority,
    instances: port.instances,
    timing: {
      ingressLatency: scaledFromNumber(timing.ingressLatencyNs),
      egressLatency: scaledFromNumber(timing.egressLatencyNs),
      delayAsymmetry: scaledFromNumber(timing.delayAsymmetryNs),
      residenceLimit: timing.residenceLimitMs === 0 ? null : milliseconds(timing.residenceLimitMs),
    },
    peerDelay: toPeerDelay(port, boundary),
    address: {
      mac: address.mac === 'auto' ? locals(port.number) : macAddress(address.mac),
      ipv4: parsed(parseIpv4(address.ipv4)),
      ipv6: parsed(parseIpv6(address.ipv6)),
    },
    acceptMasters: port.acceptMasters.map((master) => parsed(parsePortIdentity(master))),
    marking: {
      pcp: orNull(port.marking.pcp),
      dscp: orNull(port.marking.dscp) ?? boundary?.ports.get(port.number)?.dscp ?? null,
    },
    puntLimit: port.puntLimit,
    delayResponder:
      delayResponder === null
        ? null
        : { logMinDelayReqInterval: logInterval(delayResponder.logMinDelayReqInterval) },
    nativeVlan: native === null ? null : vlanId(native),
    taggedVlans: vlan.tagged.map(vlanId),
  };
}

function toBoundary(file: AgentFile, identity: bigint): BoundarySettings | null {
  const { instance } = file;
  if (instance === null) return null;
  const resolved = resolveInstance(file, instance, identity);
  if (!resolved.ok) throw new Error(`the rules let through: ${resolved.errors[0]?.message}`);
  return boundarySettings(instance, resolved.value);
}

/** On a boundary clock's port the profile says what is not given. */
function toPeerDelay(port: PortFile, boundary: BoundarySettings | null): PeerDelaySettings {
  const { peerDelay } = port;
  const own = boundary?.instance.ports.find(({ number }) => number === port.number);
  const sending = boundary?.ports.get(port.number);
  return {
    enabled:
      peerDelay.enabled ?? (hasMode(port, 'transparentP2P') || own?.delayMechanism === 'p2p'),
    transport: peerDelay.transport ?? sending?.transport ?? 'ethernet',
    logInterval: own?.logMinPdelayReqInterval ?? logInterval(peerDelay.logInterval ?? 0),
    responder: peerDelay.responder,
    convention: peerDelay.convention ?? sending?.convention ?? 'ieee1588',
    neighborPropDelayThresh: nanoseconds(BigInt(peerDelay.neighborPropDelayThreshNs)),
    allowedLostResponses: peerDelay.allowedLostResponses,
    filterLength: peerDelay.filterLength,
  };
}
