/** Where `--json` goes. */
import { writeFile } from 'node:fs/promises';

export async function writeResult(file: string, result: unknown): Promise<void> {
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
}
