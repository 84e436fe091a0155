/** Where things are, and whether they changed. */
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetupError, say } from './console.mjs';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const inRoot = (...parts) => join(root, ...parts);

/** ptp4l, tc and friends live where an ordinary user's PATH often does not look. */
export function extendPath() {
  const path = (process.env.PATH ?? '').split(delimiter).filter((part) => part !== '');
  for (const folder of ['/usr/local/sbin', '/usr/sbin', '/sbin']) {
    if (!path.includes(folder)) path.push(folder);
  }
  process.env.PATH = path.join(delimiter);
}

/** Full path of a program on PATH, or null. */
export function which(program) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const file = join(folder, program);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

/** All files below `folder` whose name passes, sorted; none if the folder is not there. */
export function filesBelow(folder, passes) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && passes(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function readSource(file) {
  try {
    return readFileSync(file);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    throw new SetupError('a source file is missing', {
      where: file,
      fix: 'git status tells what is missing; git restore brings it back',
    });
  }
}

/** A hash of the files' names and contents and of `more`. */
export function fingerprint(files, ...more) {
  const hash = createHash('sha256');
  for (const text of more) hash.update(`${text}\0`);
  for (const file of files) {
    hash.update(`${relative(root, file)}\0`);
    hash.update(readSource(file));
    hash.update('\0');
  }
  return hash.digest('hex');
}

const stampFile = inRoot('build', '.stamp');

function readStamps() {
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8'));
  } catch {
    return {}; // None yet, or cut short by an interrupt: build again.
  }
}

/** True if `part` was last built from inputs with this fingerprint and its outputs are there. */
export const isUpToDate = (part, print, outputs) =>
  readStamps()[part] === print && outputs.every((file) => existsSync(file));

export function markBuilt(part, print) {
  mkdirSync(dirname(stampFile), { recursive: true });
  const next = `${stampFile}.${process.pid}`;
  writeFileSync(next, `${JSON.stringify({ ...readStamps(), [part]: print }, null, 2)}\n`);
  renameSync(next, stampFile);
}

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Does `work` while no other process sets up or builds in this clone. */
export async function withLock(work) {
  const lock = inRoot('build', '.lock');
  assertWritable();
  mkdirSync(dirname(lock), { recursive: true });
  for (let told = false; ;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const owner = readOwner(lock);
    if (owner !== null && !isAlive(owner)) rmSync(lock, { force: true });
    else if (!told) say(`waiting for process ${owner ?? '?'}, which is building in this folder …`);
    told = true;
    await pause(200);
  }
  const release = () => rmSync(lock, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    release();
    process.off('exit', release);
  }
}

function readOwner(lock) {
  try {
    const pid = Number(readFileSync(lock, 'utf8'));
    return Number.isInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

function assertWritable() {
  for (const folder of [root, ...['build', 'dist', 'node_modules'].map((name) => inRoot(name))]) {
    if (!existsSync(folder)) continue;
    try {
      accessSync(folder, constants.W_OK);
    } catch {
      throw new SetupError('this user may not write here, so nothing can be built', {
        where: folder,
        fix: `run as the folder's owner, or take it over: sudo chown -R "$USER" '${root}'`,
      });
    }
  }
}
