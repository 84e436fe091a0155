/** clockIdentity as text and as what it is made of (IEEE 1588-2019, 7.5.2.2). Pure. */
import { macBits, type MacAddress } from './identity.js';
import { failure, success, type Result } from './result.js';

/** A port of a PTP Instance: clockIdentity has 64 bits, portNumber 16. */
export interface PortIdentityBits {
  readonly clockIdentity: bigint;
  readonly portNumber: number;
}

const IDENTITY_TEXT =
  /^(?:[0-9a-f]{16}|[0-9a-f]{6}\.[0-9a-f]{4}\.[0-9a-f]{6}|[0-9a-f]{2}(?:[:-][0-9a-f]{2}){7})$/i;
const PORT_IDENTITY_TEXT = /^(.+)-(\d{1,5})$/;
/** All ones are the wildcard of targetPortIdentity, no clock's identity (15.3.1). */
const WILDCARD = (1n << 64n) - 1n;

/** Reads `00:11:22:ff:fe:33:44:55`, `001122fffe334455` and `001122.fffe.334455`. */
export function parseClockIdentity(text: string): Result<bigint, 'bad-clock-identity'> {
  const bits = IDENTITY_TEXT.test(text) ? BigInt(`0x${text.replace(/[:.-]/g, '')}`) : 0n;
  if (bits > 0n && bits < WILDCARD) return success(bits);
  return failure(
    'bad-clock-identity',
    `'${text}' is not a clock identity such as 00:11:22:ff:fe:33:44:55`,
  );
}

/** Reads `001122fffe334455-1`; port numbers are 1 to 65534 (7.5.2.3). */
export function parsePortIdentity(text: string): Result<PortIdentityBits, 'bad-port-identity'> {
  const [, clock = '', port = ''] = PORT_IDENTITY_TEXT.exec(text) ?? [];
  const clockIdentity = parseClockIdentity(clock);
  const portNumber = Number(port);
  if (clockIdentity.ok && portNumber >= 1 && portNumber <= 65_534) {
    return success({ clockIdentity: clockIdentity.value, portNumber });
  }
  return failure(
    'bad-port-identity',
    `'${text}' is not a port identity such as 001122fffe334455-1`,
  );
}

/** The same few are written again and again: keys of tables, and reasons of decisions. */
const TEXTS = new Map<bigint, string>();
const MOST_TEXTS = 16_384;

/** As pmc and ptp4l print it: `001122.fffe.334455`. */
export function clockIdentityText(bits: bigint): string {
  const known = TEXTS.get(bits);
  if (known !== undefined) return known;
  const digits = bits.toString(16).padStart(16, '0');
  const text = `${digits.slice(0, 6)}.${digits.slice(6, 10)}.${digits.slice(10)}`;
  if (TEXTS.size >= MOST_TEXTS) TEXTS.clear();
  TEXTS.set(bits, text);
  return text;
}

/** `001122.fffe.334455-1`. */
export function portIdentityText({ clockIdentity, portNumber }: PortIdentityBits): string {
  return `${clockIdentityText(clockIdentity)}-${portNumber}`;
}

/** The clock identity that a MAC address stands for: FF-FE in its middle. */
export function clockIdentityOfMac(mac: MacAddress): bigint {
  const bits = macBits(mac);
  return ((bits >> 24n) << 40n) | (0xfffen << 24n) | (bits & 0xff_ffffn);
}
