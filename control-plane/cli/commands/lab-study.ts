/** `timeplane lab study`: what the simulator says. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { productVersion } from '#runtime/version';
import { STUDIES, studyNamed } from '#lab/experiments/studies';
import { listStudies, runStudies } from '#lab/study/main';
import { OperatorError } from '../operator-error.js';
import { integerBetween, jsonOption, writableFile } from './lab-arguments.js';

interface StudyFlags {
  readonly all?: boolean;
  readonly quick?: boolean;
  readonly seed: number;
  readonly seeds?: number;
  readonly workers?: number;
  readonly json?: string;
  readonly html?: string;
  readonly charts?: string;
}

const MOST_SEEDS = 1_000;
const MOST_WORKERS = 256;

async function study(names: readonly string[], flags: StudyFlags): Promise<void> {
  if (names.length === 0 && flags.all !== true) {
    process.stdout.write(`${listStudies()}\n`);
    return;
  }
  const chosen = flags.all === true ? STUDIES : names.map(named);
  process.exitCode = await runStudies({
    studies: chosen,
    scale: flags.quick === true ? 'quick' : 'full',
    firstSeed: flags.seed,
    ...(flags.seeds === undefined ? {} : { seeds: flags.seeds }),
    ...(flags.workers === undefined ? {} : { workers: flags.workers }),
    ...(flags.json === undefined ? {} : { jsonFile: flags.json }),
    ...(flags.html === undefined ? {} : { htmlFile: flags.html }),
    ...(flags.charts === undefined ? {} : { chartDirectory: flags.charts }),
    productVersion: productVersion(),
  });
}

function named(name: string) {
  const found = studyNamed(name);
  if (found !== null) return found;
  throw new OperatorError(`there is no study "${name}"`, { hint: `there are\n${listStudies()}` });
}

/** A directory's name is any text but none. */
function directory(text: string): string {
  if (text.trim() !== '') return text;
  throw new InvalidArgumentError('expected a directory');
}

export function registerStudy(lab: Command): void {
  lab
    .command('study')
    .summary('experiments in the simulator, from a seed')
    .description(
      'Runs experiments on simulated clocks: no root, no namespaces, the same figures from the same ' +
        'seeds on every machine. Without a name it lists them. Ends with 1 where a figure is off what ' +
        'theory or a publication has. docs/tc-or-bc.md says what came out.',
    )
    .argument('[names...]', 'their names or numbers, as `timeplane lab study` lists them')
    .option('--all', 'all of them, in order')
    .option('--quick', 'short versions: seconds instead of minutes')
    .addOption(
      new Option('--seed <number>', 'the first seed')
        .argParser(integerBetween(0, 2 ** 31))
        .default(1),
    )
    .addOption(
      new Option(
        '--seeds <count>',
        'how many, one after the other; not given: as each experiment has it',
      ).argParser(integerBetween(1, MOST_SEEDS)),
    )
    .addOption(
      new Option(
        '--workers <count>',
        'threads; 0: this one alone. Changes nothing but the time',
      ).argParser(integerBetween(0, MOST_WORKERS)),
    )
    .addOption(jsonOption('tables, charts and checks'))
    .addOption(
      new Option('--html <file>', 'write a report with pictures, one file').argParser(writableFile),
    )
    .addOption(
      new Option('--charts <directory>', 'write the pictures there, as SVG').argParser(directory),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  timeplane lab study\n  timeplane lab study 001 003 --quick\n  timeplane lab study --all --charts pictures --json studies.json\n  timeplane lab study 003 --html relays.html\n',
    )
    .action(study);
}
