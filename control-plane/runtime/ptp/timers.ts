/** Time that passes, as an argument: tests turn it by hand. */
import { nsOf, type Nanoseconds } from '#units/time';

export interface Timers {
  /** Runs `job` once; the returned function calls it off. */
  readonly after: (duration: Nanoseconds, job: () => void) => () => void;
}

/** The process's own timers. */
export const SYSTEM_TIMERS: Timers = {
  after: (duration, job) => {
    const timer = setTimeout(job, Number(nsOf(duration)) / 1e6);
    return () => clearTimeout(timer);
  },
};
