/** What the lab's commands share: the sandbox, and arguments that are numbers. */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { parseRate, parseSize } from '#lab/experiments/first-light/quantities';
import { LabError } from '#lab/lab-error';
import {
  extendPath,
  requirePrograms,
  runInSandbox,
  sandboxDirectory,
} from '#lab/namespaces/sandbox';
import { fileErrorText } from '#units/file-error';
import { OperatorError } from '../operator-error.js';

const INTERRUPTED_EXIT_CODE = 130;

/** Runs an experiment in the sandbox; what the machine lacks is told as an operator's matter. */
export async function inSandbox(experiment: (directory: string) => Promise<number>): Promise<void> {
  extendPath();
  const directory = sandboxDirectory();
  try {
    requirePrograms();
    process.exitCode = directory === undefined ? await runInSandbox() : await experiment(directory);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    if (error.code !== 'interrupted') throw new OperatorError(error.message, { hint: error.hint });
    process.exitCode = INTERRUPTED_EXIT_CODE;
  }
}

export function numberBetween(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= low && value <= high) return value;
    throw new InvalidArgumentError(`expected a number from ${low} to ${high}`);
  };
}

export function integerBetween(low: number, high: number): (text: string) => number {
  const parse = numberBetween(low, high);
  return (text) => {
    const value = parse(text);
    if (Number.isInteger(value)) return value;
    throw new InvalidArgumentError(`expected an integer from ${low} to ${high}`);
  };
}

function quantity(parse: (text: string) => number | null, example: string) {
  return (text: string): number => {
    const value = parse(text);
    if (value !== null) return value;
    throw new InvalidArgumentError(`expected something like ${example}`);
  };
}

export const loadOption = () =>
  new Option('--load <fraction>', 'cross traffic, of the rate; 0 for none')
    .argParser(numberBetween(0, 2))
    .default(0.9);
export const rateOption = () =>
  new Option('--rate <rate>', 'rate of each port towards the client')
    .argParser(quantity(parseRate, '100Mbit'))
    .default(100_000_000, '100Mbit');
export const boundOption = () =>
  new Option('--bound <size>', 'what its queue holds')
    .argParser(quantity(parseSize, '128KiB'))
    .default(128 * 1024, '128KiB');

/** `--json <file>`: what cannot be written is said before everything is measured, not after. */
export function jsonOption(document: string): Option {
  return new Option('--json <file>', `write everything to a file (${document})`).argParser(
    writableFile,
  );
}

/** A file's name; what cannot be written is said at once. */
export function writableFile(file: string): string {
  const trouble = writeTrouble(file);
  if (trouble === '') return file;
  throw new InvalidArgumentError(`it cannot be written: ${trouble}`);
}

/** Why `file` can neither be made nor replaced; empty when it can. */
function writeTrouble(file: string): string {
  try {
    const there = statSync(file, { throwIfNoEntry: false });
    if (there?.isDirectory() === true) return 'a directory';
    // The dot asks that it is a directory.
    accessSync(there === undefined ? `${dirname(file)}/.` : file, constants.W_OK);
    return '';
  } catch (error) {
    return fileErrorText(error);
  }
}
