/** Writes docs/boundary-lab-json.md from the schema, so that the two cannot differ. */
import { schemaFields } from '../schema-fields.js';
import { boundarySchema } from './schema.js';

const INTRODUCTION = `# The file that \`timeplane lab boundary --json\` writes

One JSON object. Its shape is stable: fields are added in minor versions, never changed or removed.
This page is written from the schema in \`lab/experiments/boundary/schema.ts\`, which every file is
checked against before it is written. Times are nanoseconds where their name says nothing else.
[How to read the figures](boundary-lab.md) is a page of its own.

## Fields
`;

/** The whole page. */
export function boundarySchemaPage(): string {
  return [INTRODUCTION, ...schemaFields(boundarySchema), ''].join('\n');
}
