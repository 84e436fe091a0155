/**
 * Which links are up, from a switch that tells of them in `other` messages of the stream: what the
 * embedded switch's docs say about `watch`. P4Runtime itself has nothing for it.
 */
import { create, fromJson, toJson, type JsonObject } from '@bufbuild/protobuf';
import { anyPack, anyUnpack, StructSchema, type Any } from '@bufbuild/protobuf/wkt';

/** Asks for the links as they are now, and for each change. */
export function watchLinks(): Any {
  return anyPack(StructSchema, create(StructSchema, fromJson(StructSchema, { watch: 'links' })));
}

/** By port number. Null: it tells of something else. */
export function linksOf(message: Any): ReadonlyMap<number, boolean> | null {
  const struct = anyUnpack(message, StructSchema);
  if (struct === undefined) return null;
  const { links }: JsonObject = toJson(StructSchema, struct);
  if (typeof links !== 'object' || links === null || Array.isArray(links)) return null;
  const known = new Map<number, boolean>();
  for (const [port, isUp] of Object.entries(links)) {
    if (typeof isUp === 'boolean') known.set(Number(port), isUp);
  }
  return known;
}
