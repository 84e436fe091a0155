/** Frames that left the ports against those that a test expects. Pure. */
import type { StfProblem, StfStatement } from './statements.js';

export type Expectation = StfStatement & { readonly kind: 'expect' };

const SHOWN_OCTETS = 64;

function hex(octets: Uint8Array): string {
  const shown = Buffer.from(octets.subarray(0, SHOWN_OCTETS)).toString('hex');
  return octets.length > SHOWN_OCTETS ? `${shown}… (${octets.length} octets)` : shown;
}

/** What is wrong with a frame; null: it is as expected. */
export function compareFrame({ digits, isExact }: Expectation, frame: Uint8Array): string | null {
  if (digits === null) return null;
  const found = Buffer.from(frame).toString('hex');
  if (found.length < digits.length) {
    return `the frame is ${frame.length} octets long, expected ${digits.length / 2}`;
  }
  if (isExact && found.length > digits.length) {
    return `the frame is ${frame.length} octets long, expected exactly ${digits.length / 2}`;
  }
  for (let i = 0; i < digits.length; i += 1) {
    const digit = digits[i];
    if (digit !== '*' && digit !== found[i]) return `octet ${i >> 1} differs`;
  }
  return null;
}

/**
 * Each port's frames, in order, are what is expected there, in order; no more, no less. `lastLine` is
 * where a frame is told of that nothing in the test stands for.
 */
export function compareFrames(
  expectations: readonly Expectation[],
  outputs: ReadonlyMap<number, readonly Uint8Array[]>,
  lastLine: number,
): StfProblem[] {
  const problems: StfProblem[] = [];
  const ports = new Set([...outputs.keys(), ...expectations.map(({ port }) => port)]);
  for (const port of [...ports].sort((a, b) => a - b)) {
    const expected = expectations.filter((one) => one.port === port);
    const frames = outputs.get(port) ?? [];
    expected.forEach((one, i) => {
      const frame = frames[i];
      const wrong = frame === undefined ? 'no frame left' : compareFrame(one, frame);
      if (wrong === null) return;
      const got =
        frame === undefined ? '' : `\n  expected ${one.digits ?? ''}\n  got      ${hex(frame)}`;
      problems.push({ line: one.line, message: `port ${port}, frame ${i + 1}: ${wrong}${got}` });
    });
    frames.slice(expected.length).forEach((frame, i) => {
      const number = expected.length + i + 1;
      const line = expected.at(-1)?.line ?? lastLine;
      const message = `port ${port}, frame ${number}: not expected\n  got      ${hex(frame)}`;
      problems.push({ line, message });
    });
  }
  return problems.sort((a, b) => a.line - b.line);
}
