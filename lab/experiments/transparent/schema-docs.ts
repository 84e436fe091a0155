/** Writes docs/transparent-lab-json.md from the schema, so that the two cannot differ. */
import { schemaFields } from '../schema-fields.js';
import { transparentSchema } from './schema.js';

const INTRODUCTION = `# The file that \`timeplane lab transparent --json\` writes

One JSON object. Its shape is stable: fields are added in minor versions, never changed or removed.
This page is written from the schema in \`lab/experiments/transparent/schema.ts\`, which every file is
checked against before it is written. Times are nanoseconds, rates bits per second, sizes octets.
[How to read the figures](transparent-lab.md) is a page of its own.

## Fields
`;

/** The whole page. */
export function schemaPage(): string {
  return [INTRODUCTION, ...schemaFields(transparentSchema), ''].join('\n');
}
