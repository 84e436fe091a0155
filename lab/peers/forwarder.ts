/** What stands between the clocks: any switch that can be put into the lab's place for one. */
import type { QueueLimits } from '../namespaces/links.js';
import type { SwitchSite } from '../namespaces/switched-path.js';
import type { ManagedProcess } from './managed-process.js';
import type { Transport } from './ptp4l.js';

export interface Forwarder {
  readonly processes: readonly ManagedProcess[];
  /** Lines for somebody who looks around with --keep. */
  readonly notes: readonly string[];
  /** Why this switch cannot be measured under load; undefined where it can. */
  readonly noLoadReason?: string;
}

export interface ForwarderOptions {
  readonly path: SwitchSite;
  readonly limits: QueueLimits;
  readonly directory: string;
  readonly transport: Transport;
  /** Called with everything as it is started, so that it is stopped whatever comes after. */
  readonly onStart: (process: ManagedProcess) => void;
}
