/** Files in pieces, plain or gzip, with a bar that shows how far. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import type { Progress } from '../experiments/first-light/progress.js';

/** Nothing is shown of what is done before that. */
const QUIET_MS = 500;
const REDRAW_MS = 100;
const BAR = 24;

/** A bar of what is done, once it takes noticeable time. */
export class Bar {
  readonly #progress: Progress;
  readonly #name: string;
  readonly #began = performance.now();
  #drawn = 0;

  constructor(progress: Progress, name: string) {
    this.#progress = progress;
    this.#name = name;
  }

  /** `share` from 0 to 1. */
  at(share: number): void {
    const now = performance.now();
    if (now - this.#began < QUIET_MS || now - this.#drawn < REDRAW_MS) return;
    this.#drawn = now;
    const full = Math.round(BAR * Math.min(1, share));
    const bar = `${'█'.repeat(full)}${'░'.repeat(BAR - full)}`;
    const left = share > 0 ? ((now - this.#began) * (1 / share - 1)) / 1e3 : 0;
    this.#progress.update(
      `${this.#name} ${bar} ${(100 * share).toFixed(0)} %, ${left.toFixed(0)} s left`,
    );
  }

  end(): void {
    this.#progress.clear();
  }
}

/**
 * The file's octets in pieces; of a `.gz` what is in it. The bar goes by octets read.
 * @throws the system's error where it cannot be read.
 */
export async function* piecesOf(file: string, bar: Bar): AsyncGenerator<Uint8Array> {
  const size = Math.max(1, (await stat(file)).size);
  const source = createReadStream(file, { highWaterMark: 1 << 18 });
  let read = 0;
  source.on('data', (piece) => {
    read += piece.length;
  });
  const unpacked = file.endsWith('.gz') ? createGunzip() : null;
  if (unpacked !== null) {
    source.on('error', (error) => unpacked.destroy(error));
    source.pipe(unpacked);
  }
  try {
    for await (const piece of unpacked ?? source) {
      yield piece as Uint8Array;
      bar.at(read / size);
    }
  } finally {
    source.destroy();
    unpacked?.destroy();
  }
}

/** A text file's lines, without their ends. */
export async function* linesOf(file: string, bar: Bar): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of piecesOf(file, bar)) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}
