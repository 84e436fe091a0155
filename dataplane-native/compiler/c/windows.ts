/**
 * Windows: runs of octets of a header in which whole fields stand, at most 64 bits of them. A header
 * is taken from the frame and put back into it a window at a time, one load or store each, and its
 * fields are members of the same word.
 */
import type { HeaderType } from '../model.js';
import { at } from '../scope.js';

export interface Window {
  /** Its first octet in the header. */
  readonly first: number;
  readonly octets: number;
  /** By their index, in the header's order: one or more. More than 64 bits have one only. */
  readonly fields: readonly number[];
}

const MOST_OCTETS = 8;

/** The windows of a header's fixed part, which has whole octets. */
export function windowsOf(type: HeaderType): readonly Window[] {
  const windows: Window[] = [];
  for (const run of wholeOctets(type)) {
    const last = windows.at(-1);
    if (last !== undefined && last.octets + run.octets <= MOST_OCTETS) {
      windows[windows.length - 1] = {
        first: last.first,
        octets: last.octets + run.octets,
        fields: [...last.fields, ...run.fields],
      };
    } else {
      windows.push(run);
    }
  }
  return windows;
}

/** The shortest runs of fields that end where an octet does. */
function wholeOctets(type: HeaderType): readonly Window[] {
  const runs: Window[] = [];
  let fields: number[] = [];
  let first = 0;
  let end = 0;
  type.fields.forEach(({ bitwidth }, i) => {
    fields.push(i);
    end += bitwidth;
    if (end % 8 === 0) {
      runs.push({ first: first / 8, octets: (end - first) / 8, fields });
      fields = [];
      first = end;
    }
  });
  return runs;
}

/** Whether the fields of a window are parts of one word; a field by itself is a member as any. */
export function isWordWindow(window: Window): boolean {
  return window.fields.length > 1 && window.octets <= MOST_OCTETS;
}

/** The member of a header's struct that is a window's word. */
export function wordName(window: Window): string {
  return `octets_${window.first}`;
}

/** The bits of the C type of a window's word. */
export function wordBits(window: Window): number {
  return at([8, 16, 32, 32, 64, 64, 64, 64], window.octets - 1);
}
