/** X.509 certificates for one test, made here so that no key has to be kept anywhere. */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** ASN.1 DER: tag, length, contents. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  if (body.length < 0x80) return Buffer.concat([Buffer.of(tag, body.length), body]);
  const length = Buffer.from(body.length.toString(16).padStart(4, '0'), 'hex');
  return Buffer.concat([Buffer.of(tag, 0x82), length, body]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const text = (value: string): Buffer => der(0x0c, Buffer.from(value));
const integer = (value: number): Buffer => der(0x02, Buffer.of(value));
const flag = der(0x01, Buffer.of(0xff));

const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'));
const COMMON_NAME = oid('550403');
const BASIC_CONSTRAINTS = oid('551d13');
const SUBJECT_ALTERNATIVE_NAME = oid('551d11');

const nameOf = (common: string): Buffer => sequence(der(0x31, sequence(COMMON_NAME, text(common))));

/** GeneralizedTime. */
const time = (year: number): Buffer => der(0x18, Buffer.from(`${year}0101000000Z`));

function extensions(isCa: boolean): Buffer {
  const constraints = sequence(
    BASIC_CONSTRAINTS,
    flag,
    der(0x04, isCa ? sequence(flag) : sequence()),
  );
  const names = sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.of(127, 0, 0, 1)));
  const alternatives = sequence(SUBJECT_ALTERNATIVE_NAME, der(0x04, names));
  return der(0xa3, isCa ? sequence(constraints) : sequence(constraints, alternatives));
}

const pemOf = (octets: Buffer): string => {
  const lines = octets.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
};

interface Issuer {
  readonly name: string;
  readonly key: KeyObject;
}

let serial = 1;

function certificate(name: string, key: KeyObject, issuer: Issuer, isCa: boolean): string {
  serial += 1;
  const toSign = sequence(
    der(0xa0, integer(2)),
    integer(serial),
    ECDSA_WITH_SHA256,
    nameOf(issuer.name),
    sequence(time(2020), time(2120)),
    nameOf(name),
    key.export({ type: 'spki', format: 'der' }),
    extensions(isCa),
  );
  const signature = sign('sha256', toSign, issuer.key);
  const bits = der(0x03, Buffer.of(0), signature);
  return pemOf(sequence(toSign, ECDSA_WITH_SHA256, bits));
}

export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

/** Whoever signs: a CA with a folder of PEM files. */
export class Authority {
  readonly folder = mkdtempSync(join(tmpdir(), 'timeplane-tls-'));
  /** The path of its certificate. */
  readonly certificate: string;
  readonly #issuer: Issuer;

  constructor(name: string) {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#issuer = { name, key: privateKey };
    this.certificate = this.#write(`${name}.pem`, certificate(name, publicKey, this.#issuer, true));
  }

  /** A certificate for localhost and 127.0.0.1 with its key: the paths of both. */
  signs(name: string): Identity {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
    return {
      certificate: this.#write(`${name}.pem`, certificate(name, publicKey, this.#issuer, false)),
      key: this.#write(`${name}.key`, String(key)),
    };
  }

  #write(name: string, contents: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, contents);
    return path;
  }
}
