/** Short commands, run to their end. */
import { spawn } from 'node:child_process';
import { LabError } from '../lab-error.js';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, whatever its exit code; 127 where the program is not there. */
export function tryCommand(argv: readonly string[], input = ''): Promise<CommandResult> {
  const [program = '', ...args] = argv;
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', (error) => resolve({ code: 127, stdout, stderr: error.message }));
    child.once('close', (code) => resolve({ code: code ?? 1, stdout, stderr }));
    // A program that does not read its input closes it early; its exit code tells enough.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

/** Runs a command that has to succeed. Returns its standard output; throws `command-failed`. */
export async function runCommand(argv: readonly string[], input = ''): Promise<string> {
  const result = await tryCommand(argv, input);
  if (result.code === 0) return result.stdout;
  const said = (result.stderr.trim() || result.stdout.trim()).split('\n').slice(-3).join('; ');
  throw new LabError('command-failed', `'${argv.join(' ')}' failed: ${said}`);
}
