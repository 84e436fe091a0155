import { expect, it } from 'vitest';
import { schemaPage } from '#lab/experiments/first-light/schema-docs';
import { boundarySchemaPage } from '#lab/experiments/boundary/schema-docs';
import { compareSchemaPage } from '#lab/experiments/compare/schema-docs';
import { schemaPage as transparentSchemaPage } from '#lab/experiments/transparent/schema-docs';

it('docs/first-light-json.md says what the schema says (write it anew with vitest -u)', async () => {
  await expect(schemaPage()).toMatchFileSnapshot('../../../docs/first-light-json.md');
});

it('docs/transparent-lab-json.md says what the schema says (write it anew with vitest -u)', async () => {
  await expect(transparentSchemaPage()).toMatchFileSnapshot(
    '../../../docs/transparent-lab-json.md',
  );
});

it('docs/boundary-lab-json.md says what the schema says (write it anew with vitest -u)', async () => {
  await expect(boundarySchemaPage()).toMatchFileSnapshot('../../../docs/boundary-lab-json.md');
});

it('docs/compare-lab-json.md says what the schema says (write it anew with vitest -u)', async () => {
  await expect(compareSchemaPage()).toMatchFileSnapshot('../../../docs/compare-lab-json.md');
});
