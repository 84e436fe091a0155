/** A schema's fields as a list in Markdown, so that a page and what it describes cannot differ. */
import { z } from 'zod';

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

function typeOf(schema: JsonSchema): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`"${value}"\``).join(', ');
  if (schema.type === 'array') return `list of ${typeOf(schema.items ?? {})}`;
  return [schema.type ?? 'anything'].flat().join(' or ');
}

/** The object in it, wherever a list or a null hides it. */
function objectIn(schema: JsonSchema): JsonSchema | undefined {
  if (schema.properties !== undefined) return schema;
  if (schema.items !== undefined) return objectIn(schema.items);
  return schema.anyOf?.map(objectIn).find((found) => found !== undefined);
}

function fields(schema: JsonSchema, depth: number): string[] {
  return Object.entries(objectIn(schema)?.properties ?? {}).flatMap(([name, field]) => {
    const text = field.description === undefined ? '' : `: ${field.description}`;
    const line = `${'  '.repeat(depth)}- \`${name}\` (${typeOf(field)})${text}`;
    return [line, ...fields(field, depth + 1)];
  });
}

/** A line a field, those of objects indented below. */
export function schemaFields(schema: z.ZodType): string[] {
  return fields(z.toJSONSchema(schema) as JsonSchema, 0);
}
