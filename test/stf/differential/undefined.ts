/**
 * Packets whose fate P4 leaves open: it depends on fields of headers that are not valid, or that just
 * became so. There simple_switch has what an earlier frame left, and we have zeros. A pipeline that has
 * ones there tells which packets they are: those that it treats otherwise.
 */
import { compilePipeline as compileObject } from '#binding/toolchain';
import { compilePipeline as compileJson } from '#compiler/compile';
import { done, invalid } from '#server/errors';
import type { PipelineBuilder } from '#server/config/pipeline-config';

/** C for what an octet holds; 0 or 1 fits almost any field, whatever its width. Null: as it was left. */
const MARKS: readonly (string | null)[] = [
  '1',
  '((i * 2654435761u) >> 13) & 1u',
  // Ones of fields of 16 bits.
  '(i & 1u) == 0',
  null,
];
export const MARK_COUNT = MARKS.length;
/** The mark of what the frame before left. */
export const MARK_AS_LEFT = MARKS.indexOf(null);

/**
 * Unchanged where that cannot be: a varbit of a length that was never set is no length, and a program
 * that looks at no field of a header has none that could be left open.
 */
function marked(c: string, mark: string | null): string {
  if (!c.includes('struct headers h;')) return c;
  // Where a pass begins: all of the PHV that has to be zero.
  const begin = /tp_zero\(&p->v, offsetof\(struct phv, \w+\) - offsetof\(struct phv, v\)\);/;
  if (!begin.test(c))
    throw new Error('the generated C clears its headers in another way than this knows');
  const clearing = /memset\(&?(p->(?:h|raw)[^,]*), 0, sizeof \1\);/g;
  if (mark === null) {
    return c
      .replace(begin, (zero) => `const struct headers before = p->h; ${zero} p->h = before;`)
      .replaceAll(clearing, '');
  }
  if (c.includes('var_bits')) return c;
  const fill = (what: string): string =>
    `for (size_t i = 0; i < sizeof ${what}; i++) { ((uint8_t *)&${what})[i] = (uint8_t)(${mark}); }`;
  return c
    .replace(begin, (zero) => `${zero} ${fill('p->h')}`)
    .replaceAll(clearing, (_, what: string) => fill(what));
}

export function markingBuilder(cacheFolder: string, mark: number): PipelineBuilder {
  return {
    build: async (deviceConfig) => {
      const compiled = compileJson(deviceConfig);
      if (!compiled.ok) return invalid(JSON.stringify(compiled.errors));
      const { c, layout } = compiled.value;
      const built = await compileObject(marked(c, MARKS[mark] ?? null), { cacheFolder });
      if (!built.ok) return invalid(built.error.message);
      return done({ sharedObject: built.value.sharedObject, layout });
    },
  };
}
