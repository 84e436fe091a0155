/** What is wrong with an input, with its place: file, line or frame, field. */
import type { CaptureProblem } from '../measure/capture/capture-types.js';
import type { LogProblem } from '../measure/logs/log-types.js';

export interface InputProblem {
  readonly code: string;
  readonly file: string;
  /** Of a log. */
  readonly line: number | null;
  /** Of a capture. */
  readonly frame: number | null;
  readonly octet: number | null;
  readonly field: string;
  readonly message: string;
}

export function logProblem(file: string, problem: LogProblem): InputProblem {
  return { ...problem, file, frame: null, octet: null };
}

export function captureProblem(file: string, problem: CaptureProblem): InputProblem {
  return { ...problem, file, line: null };
}

export function fileProblem(file: string, message: string): InputProblem {
  const nowhere = { line: null, frame: null, octet: null, field: '' };
  return { code: 'unreadable', file, ...nowhere, message };
}

/** `servo.log:12: offset: 'x' is no number`, `in.pcap: frame 7 (octet 912): packet data: …`. */
export function problemText({ file, line, frame, octet, field, message }: InputProblem): string {
  const place = line === null ? file : `${file}:${line}`;
  const inCapture =
    octet === null ? [] : [frame === null ? `octet ${octet}` : `frame ${frame} (octet ${octet})`];
  return [place, ...inCapture, ...(field === '' ? [] : [field]), message].join(': ');
}
