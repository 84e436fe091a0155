/** What the lab's commands share: the sandbox, and arguments that are numbers. */
import { InvalidArgumentError } from 'commander';
import { LabError } from '#lab/lab-error';
import { extendPath, requirePrograms, runInSandbox, sandboxDirectory } from '#lab/topology/sandbox';
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
