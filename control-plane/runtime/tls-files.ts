/** The PEM files that the agent shows to a switch on another machine. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { SessionTls } from '#p4rt/session';
import { failure, success, type Result } from '#units/result';

/** Absolute paths. */
export interface TlsFiles {
  /** Who signed the switch's certificate. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

export type TlsErrorCode = 'tls-missing' | 'tls-bad';

/** Reads them. Errors name the file, and what is wrong with it. */
export async function loadTls(files: TlsFiles): Promise<Result<SessionTls, TlsErrorCode>> {
  let ca: Buffer;
  let certificate: Buffer;
  let key: Buffer;
  try {
    ca = await readFile(files.ca);
    certificate = await readFile(files.certificate);
    key = await readFile(files.key);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return failure('tls-missing', `target.tls: ${why}`);
  }
  for (const [path, octets] of [
    [files.ca, ca],
    [files.certificate, certificate],
  ] as const) {
    if (!isCertificate(octets)) {
      return failure('tls-bad', `target.tls: ${path} holds no certificate in PEM`);
    }
  }
  try {
    createSecureContext({ ca, cert: certificate, key });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `target.tls: ${files.key} is not the key of ${files.certificate} (${why})`;
    return failure('tls-bad', message);
  }
  return success({ ca, certificate, key });
}

function isCertificate(octets: Buffer): boolean {
  try {
    return new X509Certificate(octets).raw.length > 0;
  } catch {
    return false;
  }
}
