/**
 * Which links are up, for a controller that asks: P4Runtime has no message for it, so both sides use
 * `other` of the stream. The controller sends { watch: "links" } once as a google.protobuf.Struct; the
 * answer, then and at each change, is { links: { "1": true, … } } with all ports.
 */
import type { JsonObject } from '@bufbuild/protobuf';
import { anyPack, anyUnpack, StructSchema, type Any } from '@bufbuild/protobuf/wkt';
import { create, fromJson, toJson } from '@bufbuild/protobuf';

const WATCH = 'links';

/** Whether a stream's `other` message asks for them. */
export function asksForLinks(message: Any): boolean {
  const struct = anyUnpack(message, StructSchema);
  if (struct === undefined) return false;
  const { watch }: JsonObject = toJson(StructSchema, struct);
  return watch === WATCH;
}

export function linkNotice(links: ReadonlyMap<number, boolean>): Any {
  const byPort = Object.fromEntries([...links].map(([port, isUp]) => [String(port), isUp]));
  return anyPack(StructSchema, create(StructSchema, fromJson(StructSchema, { links: byPort })));
}
