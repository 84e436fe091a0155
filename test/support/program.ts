import { readFileSync } from 'node:fs';
import { fromJsonString } from '@bufbuild/protobuf';
import { P4InfoSchema, type P4Info } from '#protos/p4/config/v1/p4info_pb';
import { indexP4Info, type P4InfoIndex } from '#p4rt/p4info';

/** A committed artefact of p4/artefacts, as text. */
export function artefact(name: string): string {
  return readFileSync(new URL(`../../p4/artefacts/${name}`, import.meta.url), 'utf8');
}

export function programP4Info(): P4Info {
  return fromJsonString(P4InfoSchema, artefact('main_native.p4info.json'));
}

export function programIndex(): P4InfoIndex {
  const index = indexP4Info(programP4Info());
  if (!index.ok) throw new Error(index.error.message);
  return index.value;
}
