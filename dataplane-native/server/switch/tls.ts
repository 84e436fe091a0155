/** Mutual TLS of the P4Runtime server: what any address but loopback needs. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { ServerCredentials } from '@grpc/grpc-js';

/** Paths of PEM files. */
export interface TlsFiles {
  /** The server's certificate, and those between it and its root. */
  readonly certificate: string;
  readonly key: string;
  /** Who signs the certificates of clients; one that none of these signed gets no connection. */
  readonly clientCa: string;
}

export type TlsResult =
  | { readonly ok: true; readonly value: ServerCredentials }
  | { readonly ok: false; readonly message: string };

const wrong = (message: string) => ({ ok: false, message }) as const;

/** Every client has to show a certificate. Errors name the option, its file, and what is wrong with it. */
export async function mutualTls(files: TlsFiles): Promise<TlsResult> {
  const read = await Promise.all([
    pem('--tls-cert', files.certificate, true),
    pem('--tls-key', files.key, false),
    pem('--tls-client-ca', files.clientCa, true),
  ]);
  const [certificate, key, clientCa] = read;
  const bad = read.find((part) => typeof part === 'string');
  if (typeof bad === 'string') return wrong(bad);
  if (!Buffer.isBuffer(certificate) || !Buffer.isBuffer(key) || !Buffer.isBuffer(clientCa)) {
    return wrong('a file is missing');
  }
  try {
    createSecureContext({ cert: certificate, key, ca: clientCa });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return wrong(`--tls-key: ${files.key} is not the key of ${files.certificate} (${why})`);
  }
  const pairs = [{ cert_chain: certificate, private_key: key }];
  return { ok: true, value: ServerCredentials.createSsl(clientCa, pairs, true) };
}

/** What the option's file holds, or what is wrong. */
async function pem(
  option: string,
  path: string,
  hasCertificate: boolean,
): Promise<Buffer | string> {
  try {
    const octets = await readFile(path);
    return !hasCertificate || isCertificate(octets)
      ? octets
      : `${option}: ${path} holds no certificate in PEM`;
  } catch (error) {
    return `${option}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function isCertificate(octets: Buffer): boolean {
  try {
    return new X509Certificate(octets).raw.length > 0;
  } catch {
    return false;
  }
}
