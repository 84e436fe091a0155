/**
 * Feeds simple_switch's input files at given instants. It replays files as fast as it can, in the
 * order of their timestamps, and looks one record ahead on every port: so the files are pipes, and a
 * frame goes on its way when the record behind the one before it, on that one's port, is written.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { pcapHeader, pcapRecord } from '#server/replay/pcap';
import { runCommand } from '../namespaces/commands.js';

const NS_PER_MS = 1_000_000;

export interface PacedFrame {
  readonly port: number;
  readonly octets: Uint8Array;
  /** From the first frame on. */
  readonly timeNs: bigint;
}

export class PacedFeed {
  readonly #frames: readonly PacedFrame[];
  /** Write ends by port, open for reading too so that opening them waits for nobody. */
  readonly #pipes = new Map<number, number>();

  private constructor(frames: readonly PacedFrame[]) {
    this.#frames = frames;
  }

  /** Makes the pipes. Frames in order of time; every port that has a path has a frame. */
  static async open(
    paths: ReadonlyMap<number, string>,
    frames: readonly PacedFrame[],
  ): Promise<PacedFeed> {
    const feed = new PacedFeed(frames);
    for (const [port, path] of paths) {
      await runCommand(['mkfifo', path]);
      const pipe = openSync(path, 'r+');
      feed.#pipes.set(port, pipe);
      writeSync(pipe, pcapHeader());
    }
    return feed;
  }

  /** Lets the first frame go, and each at its time from then on. */
  async play(): Promise<void> {
    for (const port of this.#pipes.keys()) this.#writeNext(port, -1);
    const startMs = performance.now();
    for (const [index, { port }] of this.#frames.entries()) {
      const next = this.#frames[index + 1];
      if (next !== undefined) {
        const dueMs = startMs + Number(next.timeNs) / NS_PER_MS;
        await sleep(Math.max(0, dueMs - performance.now()));
      }
      this.#writeNext(port, index);
    }
  }

  close(): void {
    for (const pipe of this.#pipes.values()) closeSync(pipe);
    this.#pipes.clear();
  }

  /** The first record of a port behind the frame `after`, or the end of its file. */
  #writeNext(port: number, after: number): void {
    const pipe = this.#pipes.get(port);
    if (pipe === undefined) return;
    const next = this.#frames.findIndex((one, index) => index > after && one.port === port);
    const frame = this.#frames[next];
    if (frame === undefined) {
      closeSync(pipe);
      this.#pipes.delete(port);
      return;
    }
    // Timestamps only give the order: a microsecond apart.
    writeSync(pipe, pcapRecord({ octets: frame.octets, timeNs: BigInt(next) * 1000n }));
  }
}
