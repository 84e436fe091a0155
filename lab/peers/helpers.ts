/** The lab's small C programs, which the build puts into build/lab/. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const HELPERS = [
  'tlv_reader',
  'frame_stamps',
  'ptp_master',
  'ptp_master',
  'vlan_tagger',
  'traffic_source',
  'traffic_sink',
  'wake_probe',
] as const;
export type Helper = (typeof HELPERS)[number];

/** The folder with package.json, from the sources as from dist/. */
export function projectRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json'))) {
    const parent = dirname(directory);
    if (parent === directory) throw new Error('package.json of timeplane not found');
    directory = parent;
  }
  return directory;
}

export function helperPath(helper: Helper): string {
  return join(projectRoot(), 'build', 'lab', helper);
}
