import type { CompileError } from './layout.js';

/**
 * Carries one CompileError from where it is found to `compilePipeline`, which returns it as a value.
 * It never leaves the compiler.
 */
export class CompileFailure extends Error {
  readonly error: CompileError;

  constructor(error: CompileError) {
    super(`${error.code} at ${error.path}: ${error.message}`);
    this.name = 'CompileFailure';
    this.error = error;
  }
}

/** Where in the JSON, and in the P4 source, something stands: for errors only. */
export interface Place {
  readonly path: string;
  readonly source: string | null;
}

export function fail(place: Place, code: CompileError['code'], message: string): never {
  throw new CompileFailure({ code, message, path: place.path, source: place.source });
}

/** Text from the JSON as it may stand in a message or a C comment: printable ASCII, short. */
export function sanitise(text: string): string {
  const printable = text.replace(/[^A-Za-z0-9_.$[\] -]/g, '?');
  return printable.length > 80 ? `${printable.slice(0, 77)}...` : printable;
}
