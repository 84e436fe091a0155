/** Writes docs/compare-lab-json.md from the schema, so that the two cannot differ. */
import { schemaFields } from '../schema-fields.js';
import { compareSchema } from './schema.js';

const INTRODUCTION = `# The file that \`timeplane lab compare --json\` writes

One JSON object. Its shape is stable: fields are added in minor versions, never changed or removed.
This page is written from the schema in \`lab/experiments/compare/schema.ts\`, which every file is
checked against before it is written. Times are nanoseconds, rates bits per second, sizes octets.
[How to read the figures](compare-lab.md) is a page of its own.

## Fields
`;

/** The whole page. */
export function compareSchemaPage(): string {
  return [INTRODUCTION, ...schemaFields(compareSchema), ''].join('\n');
}
