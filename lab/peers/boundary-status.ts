/** What the agent of a boundary clock says of it, as far as the lab asks. */
import { z } from 'zod';
import { LabError } from '../lab-error.js';
import { runCommand } from '../namespaces/commands.js';
import type { Namespace } from '../namespaces/namespaces.js';
import { AGENT_STATUS_ADDRESS } from './agent.js';

const boundarySchema = z.object({
  currentDS: z.object({ stepsRemoved: z.number() }),
  parentDS: z.object({ parentPortIdentity: z.string(), grandmasterIdentity: z.string() }),
  servo: z.object({
    state: z.string(),
    why: z.string(),
    errorBoundNs: z.number().nullable(),
  }),
  ports: z.array(z.object({ port: z.number(), state: z.string(), why: z.string() })),
});

export type BoundaryStatus = z.infer<typeof boundarySchema>;

const statusSchema = z.object({ ptp: z.object({ boundary: boundarySchema.nullable() }) });

/* Asks from inside: the address is on the namespace's own loopback. */
const SCRIPT = 'fetch(process.argv[1]).then((r) => r.text()).then((t) => process.stdout.write(t))';

/** Null where the switch has no boundary clock. */
export async function readBoundaryStatus(namespace: Namespace): Promise<BoundaryStatus | null> {
  const url = `http://${AGENT_STATUS_ADDRESS}/status.json`;
  const text = await runCommand(namespace.inside([process.execPath, '-e', SCRIPT, url]));
  const parsed = statusSchema.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data.ptp.boundary;
  throw new LabError('not-ready', `the agent's status: ${z.prettifyError(parsed.error)}`);
}
