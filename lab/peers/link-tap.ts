/** Every PTP message at one interface, decoded as it comes, with the kernel's stamp. */
import { isFrameLine } from '../measure/frame-stamps.js';
import { parseTapLine, type TapMessage } from '../measure/tap-messages.js';
import type { Interface } from '../namespaces/links.js';
import { helperPath } from './helpers.js';
import { startProcess, type ManagedProcess } from './managed-process.js';

const READY_TIMEOUT_MS = 2000;
/** At the lab's rates, minutes. */
const KEPT_MESSAGES = 100_000;

export interface LinkTap {
  readonly process: ManagedProcess;
  /** In the order of their stamps; those of the last minutes. They come within 50 ms. */
  readonly messages: readonly TapMessage[];
}

/** Listens until the process is stopped. */
export async function startLinkTap(
  end: Interface,
  onStart: (process: ManagedProcess) => void,
): Promise<LinkTap> {
  const messages: TapMessage[] = [];
  const process = startProcess({
    label: `the tap at ${end.namespace.label}`,
    argv: [helperPath('frame_stamps'), end.name],
    namespace: end.namespace,
    dataOutput: true,
    onLine: (line) => {
      const message = isFrameLine(line) ? parseTapLine(line) : null;
      if (message === null) return;
      messages.push(message);
      if (messages.length > KEPT_MESSAGES) messages.splice(0, KEPT_MESSAGES / 2);
    },
  });
  onStart(process);
  await process.line(/^ready$/, READY_TIMEOUT_MS);
  return { process, messages };
}
