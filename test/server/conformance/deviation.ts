/** What tells a server that does otherwise than the specification says from a bench that is broken. */

/** What a server did that the specification does not say. */
export class Deviation extends Error {}

/** The answer of a client's own gRPC stack, where there was no server to give one. */
const NOBODY = /\bUNAVAILABLE\b/;

/** The failure of a check, by what came instead: nobody deviates whom the request did not reach. */
export function failure(message: string): Error {
  return NOBODY.test(message) ? new Error(message) : new Deviation(message);
}
