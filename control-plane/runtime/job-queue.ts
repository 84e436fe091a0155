/** Runs jobs one after the other, so that what is written to a switch has one order. */
export class JobQueue {
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;
  readonly #onBug: (error: unknown) => void;

  /** `onBug` hears of a job that threw; the next ones run all the same. */
  constructor(onBug: (error: unknown) => void) {
    this.#onBug = onBug;
  }

  get waiting(): number {
    return this.#waiting;
  }

  add(job: () => Promise<void>): void {
    this.#waiting += 1;
    this.#tail = this.#tail
      .then(job)
      .catch(this.#onBug)
      .finally(() => {
        this.#waiting -= 1;
      });
  }

  /** When the job has run, whatever became of it. */
  run(job: () => Promise<void>): Promise<void> {
    this.add(job);
    return this.#tail;
  }

  /** When all jobs that are there now have run. */
  idle(): Promise<void> {
    return this.#tail;
  }
}
