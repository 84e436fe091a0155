/** What the agent costs, and how late it is: the process's own metrics, each since the last scrape. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

const RESOLUTION_MS = 10;
const NS_PER_SECOND = 1e9;
const QUANTILES = [0.5, 0.99, 1] as const;

/** `process_*` and `nodejs_*` of prom-client, and how late a timer of 10 ms comes. */
export function ownLoadRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  new Gauge({
    name: 'timeplane_agent_event_loop_late_seconds',
    help: 'How much later than asked for a timer comes, since the last scrape',
    labelNames: ['quantile'],
    registers: [registry],
    collect() {
      for (const quantile of QUANTILES) {
        // The histogram has whole intervals from one timer to the next.
        const late = delays.percentile(quantile * 100) / NS_PER_SECOND - RESOLUTION_MS / 1e3;
        this.set({ quantile: String(quantile) }, Math.max(0, late));
      }
      delays.reset();
    },
  });
  return registry;
}
