/** What can go wrong in the lab without being a bug; the codes are stable. */
export type LabErrorCode =
  'precondition' | 'command-failed' | 'process-died' | 'not-ready' | 'no-samples' | 'interrupted';

/**
 * A failure with a stable code, thrown inside a phase and turned into its `status` and `reason` at
 * the phase's edge: a phase is fifty steps in a row, each of which may fail, and all of them need
 * the same cleaning up.
 */
export class LabError extends Error {
  override readonly name = 'LabError';
  readonly code: LabErrorCode;
  /** What to do about it; empty where nothing is to be said. */
  readonly hint: string;

  constructor(code: LabErrorCode, message: string, hint = '') {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}
