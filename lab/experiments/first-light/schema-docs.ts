/** Writes docs/first-light-json.md from the schema, so that the two cannot differ. */
import { schemaFields } from '../schema-fields.js';
import { firstLightSchema } from './schema.js';

const INTRODUCTION = `# The file that \`--json\` writes

\`npm start -- --json FILE\` (or \`timeplane lab first-light --json FILE\`) writes one JSON object. Its
shape is stable: fields are added in minor versions, never changed or removed. This page is written
from the schema in \`lab/experiments/first-light/schema.ts\`, which every file is checked against
before it is written. Times are nanoseconds, rates bits per second, sizes octets.

## What the error is

For every Sync, the client's offset from the grandmaster as ptp4l computes it from the raw times that
it reports to its slave event monitor:

    offset = (ingress − origin − correction) − mean path delay

with the correctionField of Sync and Follow_Up together, and the moving median over the last ten of

    ((ingress − origin − correction) of the latest Sync
      + (response − request − correction) of the Delay_Req) / 2

as mean path delay. All namespaces share one clock, so the true offset is zero and the offset is the
error. \`errorNs\` is of absolute values; percentiles are nearest-rank. A phase is \`failed\` when most
of the offsets that the client's ptp4l printed itself are not among those computed here.

## Fields
`;

/** The whole page. */
export function schemaPage(): string {
  return [INTRODUCTION, ...schemaFields(firstLightSchema), ''].join('\n');
}
