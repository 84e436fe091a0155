/**
 * An error that the operator can mend: printed as one message without a stack trace. Commands throw
 * it at their outermost level only; below it, expected failures are result unions.
 */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
  /** What to do about it, one sentence, or empty. */
  readonly hint: string;
  /** The process's exit code, see EXIT in main.ts. */
  readonly exitCode: number;

  constructor(
    message: string,
    options: { readonly hint?: string; readonly exitCode?: number } = {},
  ) {
    super(message);
    this.hint = options.hint ?? '';
    this.exitCode = options.exitCode ?? 1;
  }
}
