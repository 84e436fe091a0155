/**
 * What the set-up says, and how it runs other programs. All of it goes to standard error, so that
 * the output of the job itself stays clean. Only Node built-ins: this runs before npm packages.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const terminal = process.stderr.isTTY === true && !process.env.NO_COLOR && !process.env.CI;
const paint = (code) => (text) => (terminal ? `\u001b[${code}m${text}\u001b[0m` : text);
export const bold = paint(1);
export const red = paint(31);
export const green = paint(32);
export const yellow = paint(33);
export const dim = paint(2);

/** Something the person at the keyboard has to do; shown without a stack trace. */
export class SetupError extends Error {
  /**
   * @param {string} what what went wrong, one line
   * @param {{ where?: string, fix?: string | string[], detail?: string }} more
   */
  constructor(what, { where, fix, detail } = {}) {
    super(what);
    this.where = where;
    this.fix = fix === undefined ? [] : Array.isArray(fix) ? fix : [fix];
    this.detail = detail;
  }
}

export const say = (text) => process.stderr.write(`${text}\n`);
export const warn = (text) => say(`${yellow('warning:')} ${text}`);

export function report(error) {
  if (!(error instanceof SetupError)) {
    say(red('error: this is a bug in timeplane’s tools:'));
    say(String(error instanceof Error ? error.stack : error));
    return;
  }
  if (error.detail) say(error.detail.trimEnd());
  say(`${red('error:')} ${error.message}`);
  if (error.where) say(`  where: ${error.where}`);
  for (const line of error.fix) say(`  ${bold('do:')} ${line}`);
}

/** Exit code of a process that `signal` ended, as a shell reports it. */
export const signalExitCode = (signal) => 128 + (constants.signals[signal] ?? 0);

/** The children that run now: an interrupt is theirs first. */
const running = new Set();
let interruptedBy = null;

/**
 * Makes Ctrl-C and SIGTERM end the running child, then this process. A terminal sends SIGINT to the
 * whole group and npm forwards it once more, so a child gets ours only if it is still there after a
 * moment: two interrupts mean "at once" to many programs.
 */
export function handleInterrupts() {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (running.size === 0) process.exit(signalExitCode(signal));
      if (interruptedBy !== null) return;
      interruptedBy = signal;
      const forward = () => {
        for (const child of running) child.kill(signal);
      };
      const onTerminal = [process.stdin, process.stdout, process.stderr].some((s) => s.isTTY);
      if (signal === 'SIGINT' && onTerminal) setTimeout(forward, 2000).unref();
      else forward();
    });
  }
}

/**
 * Runs a program to its end with our terminal.
 * @returns {Promise<number>} its exit code; 128 + n if signal n ended it
 */
export function runAttached(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options });
    running.add(child);
    child.once('error', (error) => {
      running.delete(child);
      reject(error);
    });
    child.once('exit', (code, signal) => {
      running.delete(child);
      resolve(code ?? signalExitCode(signal));
    });
  });
}

/** Runs a program to its end. @returns {Promise<{ code: number, output: string }>} */
export function runQuietly(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    running.add(child);
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.once('error', (error) => {
      running.delete(child);
      reject(error);
    });
    child.once('close', (code, signal) => {
      running.delete(child);
      if (interruptedBy !== null) {
        say(terminal ? '\ninterrupted' : 'interrupted');
        process.exit(signalExitCode(interruptedBy));
      }
      resolve({ code: code ?? signalExitCode(signal), output });
    });
  });
}

/**
 * Does `work` with a line that says so: at its start, each ten seconds off a terminal (each second
 * on one), and at its end with the time it took.
 */
export async function step(label, work) {
  const start = Date.now();
  const seconds = () => `${((Date.now() - start) / 1000).toFixed(1)} s`;
  const line = (mark, text) =>
    process.stderr.write(terminal ? `\r\u001b[K${mark} ${text}` : `${mark} ${text}\n`);
  line(dim('·'), `${label} …`);
  const timer = setInterval(
    () => line(dim('·'), `${label} … ${seconds()}`),
    terminal ? 1000 : 10_000,
  );
  try {
    const result = await work();
    line(green('✓'), `${label} (${seconds()})`);
    return result;
  } catch (error) {
    line(red('✗'), `${label} (${seconds()})`);
    throw error;
  } finally {
    clearInterval(timer);
    if (terminal) process.stderr.write('\n');
  }
}

/** The last lines of a program's output, for an error message. */
export const tail = (output, lines = 40) => output.trimEnd().split('\n').slice(-lines).join('\n');
