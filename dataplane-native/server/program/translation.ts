/**
 * Translated values (specification 1.5, "User-defined types" and "PSA Metadata Translation"): what the
 * controller calls something and what the dataplane calls it. A URI whose last part begins with
 * `PortId` means ports: strings are then their names, numbers those of SdnPort. Any other type with
 * strings gets a number of the dataplane for each, by the program's own mapping or as they come.
 */
import { canonicalBytestring, encodeBytestring } from '#p4rt/bytestring';
import type { P4NewTypeSpec, P4TypeInfo } from '#protos/p4/config/v1/p4types_pb';
import { SdnPort } from '#protos/p4/v1/p4runtime_pb';
import type { Outcome } from '../errors.js';
import { done, invalid, outOfRange } from '../errors.js';
import { StringIds } from './string-ids.js';
import { decodeUnsigned } from '../state/unsigned.js';

/** How values of one type, in one width of the dataplane, are translated. */
export interface Translation {
  /** Strings are matched whole: no prefix, mask or range of one means anything. */
  readonly isString: boolean;
  /** The dataplane's value. Errors: OUT_OF_RANGE; INVALID_ARGUMENT, RESOURCE_EXHAUSTED for strings. */
  readonly encode: (octets: Uint8Array, what: string) => Outcome<bigint>;
  /** The controller's, of a value that the dataplane can have. */
  readonly decode: (value: bigint) => Uint8Array;
}

/** The switch's ports, as far as controllers name them. */
export interface PortDirectory {
  /** What SdnPort CPU and the name `CPU` stand for. */
  readonly cpuPort: number;
  /** The names of ports by their numbers; one without is called by its number. */
  readonly names: () => ReadonlyMap<number, string>;
  /** Whether the device has the port. */
  readonly has: (port: number) => boolean;
}

const NO_NAMES: ReadonlyMap<number, string> = new Map();

/** Ports without names, of which any may be there. */
export function unnamedPorts(cpuPort: number): PortDirectory {
  return { cpuPort, names: () => NO_NAMES, has: () => true };
}

/** The ports of a switch. */
export function namedPorts(
  cpuPort: number,
  names: () => ReadonlyMap<number, string>,
): PortDirectory {
  return { cpuPort, names, has: (port) => port === cpuPort || names().has(port) };
}

/** v1model's ports are bit<9>, of which 511 means drop. */
const PORT_BITS = 9;
export const MAX_PORT = 510;

const CPU = BigInt(SdnPort.CPU >>> 0);
const CPU_NAME = 'CPU';

/** The translations of one program: those of strings remember what they were given. */
export class Translations {
  readonly #types: P4TypeInfo | undefined;
  readonly #ports: PortDirectory;
  readonly #spaces = new Map<string, StringIds>();

  constructor(types: P4TypeInfo | undefined, ports: PortDirectory) {
    this.#types = types;
    this.#ports = ports;
  }

  get ports(): PortDirectory {
    return this.#ports;
  }

  /**
   * A port where the program's types say nothing: of replicas and watch ports ("Port Translation for
   * PSA Extern APIs"). By its name where the type of the URI `…/PortId_t` is translated to strings.
   * Errors: OUT_OF_RANGE, INVALID_ARGUMENT.
   */
  portOf(octets: Uint8Array, what: string): Outcome<number> {
    const translation = this.#portType();
    const value = translation.encode(octets, what);
    if (!value.ok) return value;
    return value.value <= BigInt(MAX_PORT)
      ? done(Number(value.value))
      : invalid(`${what} ${value.value} is not in 0..${MAX_PORT}`);
  }

  /** What a client wrote for a port, in its one form. */
  canonicalPort(octets: Uint8Array): Uint8Array {
    return this.#portType().isString ? octets.slice() : canonicalBytestring(octets).slice();
  }

  #portType(): Translation {
    for (const { representation } of Object.values(this.#types?.newTypes ?? {})) {
      if (representation.case !== 'translatedType') continue;
      const { uri, sdnType } = representation.value;
      const isNamed = sdnType.case === 'sdnString' && /(^|\/)PortId_t$/.test(uri);
      if (isNamed) return portNames(this.#ports, PORT_BITS);
    }
    return portNumbers(this.#ports, 32, 32);
  }

  /** Those that give numbers to strings. */
  get spaces(): readonly StringIds[] {
    return [...this.#spaces.values()];
  }

  /**
   * For a value of the named type that has so many bits in the dataplane; null where both sides say
   * the same. Errors: INVALID_ARGUMENT for a P4Info that is wrong.
   */
  of(typeName: string | undefined, compiledBits: number): Outcome<Translation | null> {
    if (typeName === undefined) return done(null);
    const spec = this.#types?.newTypes[typeName];
    const representation = spec?.representation;
    if (spec === undefined || representation?.case !== 'translatedType') return done(null);
    const { uri, sdnType } = representation.value;
    const isPort = /(^|\/)PortId[^/]*$/.test(uri);
    if (sdnType.case === 'sdnString') {
      return isPort
        ? done(portNames(this.#ports, compiledBits))
        : this.#strings(uri === '' ? `type ${typeName}` : uri, spec, compiledBits);
    }
    const bitwidth = sdnType.value ?? 0;
    if (bitwidth <= 0) return invalid(`the P4Info's type '${typeName}' has a width of ${bitwidth}`);
    return done(isPort ? portNumbers(this.#ports, bitwidth, compiledBits) : null);
  }

  #strings(space: string, spec: P4NewTypeSpec, compiledBits: number): Outcome<Translation> {
    const existing = this.#spaces.get(space);
    if (existing !== undefined) {
      const restricted = existing.restrict(compiledBits);
      return restricted.ok ? done(existing) : restricted;
    }
    const ids = StringIds.fromAnnotations(spec.annotations, compiledBits);
    if (ids.ok) this.#spaces.set(space, ids.value);
    return ids;
  }
}

/** SdnPort's: the CPU port has a number of its own, and 0 is no port, unless this device has one that
 * is called so, as bmv2's often have. */
function portNumbers(ports: PortDirectory, bitwidth: number, compiledBits: number): Translation {
  const hasCpu = bitwidth >= 32 && ports.cpuPort < 2 ** compiledBits;
  return {
    isString: false,
    encode: (octets, what) => {
      const value = decodeUnsigned(octets, bitwidth, bitwidth, what);
      if (!value.ok) return value;
      if (hasCpu && value.value === CPU) return done(BigInt(ports.cpuPort));
      if (value.value === 0n && !ports.has(0)) {
        return invalid(`${what}: 0 is not the number of a port: they begin at 1`);
      }
      return decodeUnsigned(octets, bitwidth, compiledBits, what);
    },
    decode: (value) => encodeBytestring(hasCpu && value === BigInt(ports.cpuPort) ? CPU : value),
  };
}

function portNames(ports: PortDirectory, compiledBits: number): Translation {
  const numberOf = (name: string): number | null => {
    if (name === CPU_NAME) return ports.cpuPort;
    for (const [port, known] of ports.names()) if (known === name) return port;
    const number = /^(0|[1-9][0-9]{0,8})$/.test(name) ? Number(name) : null;
    // What has a name is called by it, so that it is read as it was written.
    const isNamed = number === ports.cpuPort || (number !== null && ports.names().has(number));
    return isNamed ? null : number;
  };
  return {
    isString: true,
    encode: (octets, what) => {
      const name = Buffer.from(octets.subarray(0, 64)).toString();
      const port = numberOf(name);
      if (port === null) return invalid(`${what}: no port is called '${name}'`);
      return port < 2 ** compiledBits ? done(BigInt(port)) : outOfRange(`${what}: port ${port}`);
    },
    decode: (value) => {
      const port = Number(value);
      const name = port === ports.cpuPort ? CPU_NAME : ports.names().get(port);
      return Buffer.from(name ?? String(port));
    },
  };
}
