/** The format of ptp4l's configuration file: sections, then a key and its value on each line. */

export interface Ptp4lLine {
  /** Counted from 1. */
  readonly line: number;
  readonly key: string;
  readonly value: string;
}

export interface Ptp4lSection {
  readonly line: number;
  /** "global", "unicast_master_table", or the name of a port. */
  readonly name: string;
  readonly lines: readonly Ptp4lLine[];
}

export interface Ptp4lMistake {
  readonly line: number;
  readonly text: string;
}

export interface Ptp4lFile {
  readonly sections: readonly Ptp4lSection[];
  /** Lines that cannot be read; the others are. */
  readonly mistakes: readonly Ptp4lMistake[];
}

const HEADER = /^\[\s*([^\]]+?)\s*\]$/;
const ENTRY = /^(\S+)\s+(.*\S)$/;

/** A port may have several sections: their lines are taken together, in order. */
export function parsePtp4l(text: string): Ptp4lFile {
  const sections: { line: number; name: string; lines: Ptp4lLine[] }[] = [];
  const mistakes: Ptp4lMistake[] = [];
  let open: { line: number; name: string; lines: Ptp4lLine[] } | null = null;
  for (const [i, raw] of text.split(/\r?\n/).entries()) {
    const line = i + 1;
    const content = raw.trim();
    if (content === '' || content.startsWith('#')) continue;
    const name = HEADER.exec(content)?.[1];
    if (name !== undefined) {
      open = { line, name, lines: [] };
      sections.push(open);
      continue;
    }
    const [, key, value] = ENTRY.exec(content) ?? [];
    if (key === undefined || value === undefined) {
      mistakes.push({ line, text: `'${content}' is neither a section nor a key with its value` });
    } else if (open === null) {
      mistakes.push({ line, text: `${key} stands in front of the first section` });
    } else {
      open.lines.push({ line, key, value });
    }
  }
  return { sections, mistakes };
}
