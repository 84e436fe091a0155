/** What is wrong with a configuration file, and where. */
export interface ConfigError {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** Such as `ports[1].ptp`; empty for the file as a whole. */
  readonly key: string;
  readonly found: string;
  readonly expected: string;
  /** "did you mean …", or empty. */
  readonly hint: string;
}

/** `agent.yaml:12:10: ports[1].ptp: found "transparant", expected … (did you mean …?)` */
export function formatConfigError(error: ConfigError): string {
  const key = error.key === '' ? '' : `${error.key}: `;
  const hint = error.hint === '' ? '' : ` (${error.hint})`;
  const what = `found ${error.found}, expected ${error.expected}${hint}`;
  return `${error.file}:${error.line}:${error.column}: ${key}${what}`;
}

/** `['ports', 1, 'ptp']` as `ports[1].ptp`. */
export function keyText(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) =>
      typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${String(part)}`,
    )
    .join('');
}
