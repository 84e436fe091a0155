/** The engine's own way from encoded updates to rows, for engines that are none. */
import { loadNative } from '#binding/native';
import type { PipelineLayout } from '#compiler/layout';
import type { EngineState, RowSource } from '#server/engine-port';
import { ShadowEngine } from '#server/state/shadow-engine';
import { engineLibrary, must } from '../engine/harness.js';

export type DecodeRows = (source: RowSource) => number;

export async function loadRows(): Promise<DecodeRows> {
  const native = must(loadNative(await engineLibrary()));
  return ({ plan, octets, bounds, onlyInserts, rows, operations }) => {
    const count = bounds.length / 2;
    return native.tp_rows_decode(
      plan,
      octets,
      bounds,
      count,
      onlyInserts ? 1 : 0,
      rows,
      operations,
    );
  };
}

/** A shadow engine that takes rows where they can be made. */
export function shadowWithRows(layout: PipelineLayout, decode: DecodeRows): EngineState {
  return Object.assign(new ShadowEngine(layout), { rowsDecode: decode });
}
