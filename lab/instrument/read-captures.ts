/** Two captures at once, in the order of their stamps: memory is of what is under way. */
import { fileErrorText } from '#units/file-error';
import type { Progress } from '../experiments/first-light/progress.js';
import { CaptureReader } from '../measure/capture/capture-reader.js';
import type { CaptureInfo } from '../measure/capture/capture-types.js';
import {
  LINK_TYPES,
  packetIdentity,
  type PacketIdentity,
} from '../measure/capture/packet-identity.js';
import { ResidenceMeter, type ResidenceResult } from '../measure/capture/residence.js';
import { Bar, piecesOf } from './files.js';
import { captureProblem, fileProblem, type InputProblem } from './problem.js';

export interface CaptureOptions {
  /** Octets of what a packet carries that tell it from others. */
  readonly octets: number;
  readonly longestSeconds: number;
}

export interface ReadCapture {
  readonly file: string;
  readonly info: CaptureInfo | null;
  readonly frames: number;
  readonly problems: readonly InputProblem[];
}

export interface ReadPair {
  readonly before: ReadCapture;
  readonly behind: ReadCapture;
  readonly result: ResidenceResult;
}

interface Stamped {
  readonly timeNs: bigint;
  readonly identity: PacketIdentity | null;
}

/** A stamp before that of an earlier frame by more than this is no reordering: its clock was set. */
const MOST_REORDERING_NS = 1_000_000_000n;

class CaptureStream {
  readonly #file: string;
  readonly #octets: number;
  readonly #reader: CaptureReader;
  readonly #pieces: AsyncGenerator<Uint8Array>;
  readonly #problems: InputProblem[] = [];
  readonly #linkTypes = new Set<number>();
  #waiting: Stamped[] = [];
  #next = 0;
  #frames = 0;
  #latestNs: bigint | null = null;
  #isOver = false;

  constructor(file: string, octets: number, bar: Bar) {
    this.#file = file;
    this.#octets = octets;
    this.#pieces = piecesOf(file, bar);
    this.#reader = new CaptureReader((frame) => {
      this.#frames += 1;
      if (this.#isOver || this.#stepsBack(frame.timeNs, frame.number)) return;
      this.#noteLinkType(frame.linkType, frame.number);
      const identity = packetIdentity(frame, this.#octets);
      this.#waiting.push({ timeNs: frame.timeNs, identity });
    });
  }

  /** The frame that is next, without taking it; null at the end. */
  async peek(): Promise<Stamped | null> {
    while (this.#next >= this.#waiting.length) {
      if (this.#isOver) return null;
      this.#waiting = [];
      this.#next = 0;
      await this.#fill();
    }
    return this.#waiting[this.#next] ?? null;
  }

  take(): void {
    this.#next += 1;
  }

  async #fill(): Promise<void> {
    try {
      const piece = await this.#pieces.next();
      if (piece.done === true) this.#finish();
      else this.#reader.push(piece.value);
      if (this.#reader.problem !== null) this.#finish();
    } catch (error) {
      this.#problems.push(fileProblem(this.#file, fileErrorText(error)));
      this.#isOver = true;
    }
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#reader.end();
    this.#isOver = true;
    const { problem } = this.#reader;
    if (problem !== null) this.#problems.push(captureProblem(this.#file, problem));
  }

  #stepsBack(timeNs: bigint, frame: number): boolean {
    const latest = this.#latestNs;
    if (latest === null || timeNs > latest) this.#latestNs = timeNs;
    if (latest === null || timeNs >= latest - MOST_REORDERING_NS) return false;
    const back = Number(latest - timeNs) / 1e9;
    const message = `${back} s before an earlier frame: time runs backwards; this frame and all after it are left out`;
    this.#problems.push({ ...this.#at('backwards', frame), field: 'timestamp', message });
    this.#isOver = true;
    return true;
  }

  #noteLinkType(linkType: number, frame: number): void {
    if (LINK_TYPES.has(linkType) || this.#linkTypes.has(linkType)) return;
    this.#linkTypes.add(linkType);
    const message = `${linkType} is not known; its frames are left out`;
    this.#problems.push({ ...this.#at('unsupported', frame), field: 'link type', message });
  }

  #at(code: string, frame: number): Omit<InputProblem, 'field' | 'message'> {
    return { code, file: this.#file, line: null, octet: 0, frame };
  }

  async close(): Promise<ReadCapture> {
    await this.#pieces.return(undefined);
    const { info } = this.#reader;
    return { file: this.#file, info, frames: this.#frames, problems: this.#problems };
  }
}

/** Reads both to their ends, or to where they are broken. */
export async function readCaptures(
  before: string,
  behind: string,
  options: CaptureOptions,
  progress: Progress,
): Promise<ReadPair> {
  const bar = new Bar(progress, `reading ${before} and ${behind}`);
  const meter = new ResidenceMeter({
    longestNs: BigInt(Math.round(options.longestSeconds * 1e9)),
  });
  const entries = new CaptureStream(before, options.octets, bar);
  const exits = new CaptureStream(behind, options.octets, bar);
  for (;;) {
    const entry = await entries.peek();
    const exit = await exits.peek();
    if (entry === null && exit === null) break;
    // A packet that takes no time at all has come in before it goes out.
    if (entry !== null && (exit === null || entry.timeNs <= exit.timeNs)) {
      meter.enters(entry.identity, entry.timeNs);
      entries.take();
    } else if (exit !== null) {
      meter.exits(exit.identity, exit.timeNs);
      exits.take();
    }
  }
  bar.end();
  const captures = { before: await entries.close(), behind: await exits.close() };
  return { ...captures, result: meter.result() };
}
