/** What ptp4l, phc2sys and ts2phc print: on a terminal, through syslog, or through the journal. */
import { decimalNs } from './exact-time.js';
import { bad, FOREIGN, numberOf, OTHER, type LineFormat, type LineResult } from './log-types.js';

type Program = 'ptp4l' | 'phc2sys' | 'ts2phc';

/** "ptp4l[12.345]: …", or by syslog "ptp4l[812]: [12.345] …" or "ptp4l: [12.345] …". */
const PREFIX =
  /(?:^|\s)(ptp4l|phc2sys|ts2phc)(?:\[(\d+(?:\.\d+)?)\])?:(?:\s+\[(\d+\.\d+)\])?\s+(.*)$/;
const OFFSET =
  /^(?:\[[^\]]*\]\s+)?(?:(\S+)\s+)??(?:(?:master|source|phc|sys|pps|time transmitter)\s+)?offset\s+(.*)$/;
const SUMMARY = /(?:^|\s)rms\s+\d+\s+max\s+\d+/;

function parseLine(program: Program, line: string): LineResult {
  const prefix = PREFIX.exec(line);
  if (prefix?.[1] !== program) return FOREIGN;
  const text = prefix[4] ?? '';
  const found = OFFSET.exec(text);
  if (found === null) return SUMMARY.test(text) ? { kind: 'summary' } : OTHER;
  const uptime = prefix[3] ?? prefix[2] ?? '';
  const timeNs = decimalNs(uptime, 's');
  if (timeNs === null) return bad('time', 'there is no uptime in brackets');
  return fieldsOf(found[2] ?? '', timeNs, found[1] ?? '');
}

/** "-12 s2 freq +345 path delay 678"; with some of it left out. */
function fieldsOf(text: string, timeNs: bigint, source: string): LineResult {
  const words = text.trim().split(/\s+/);
  const offsetNs = numberOf(words[0] ?? '');
  if (offsetNs === null) return bad('offset', `'${words[0] ?? ''}' is no number`);
  const named = (name: string): number | null | undefined => {
    const at = words.indexOf(name);
    return at < 0 ? undefined : numberOf(words[at + 1] ?? '');
  };
  const frequencyPpb = named('freq');
  if (frequencyPpb === null) return bad('freq', 'it is no number');
  const delayNs = named('delay');
  if (delayNs === null) return bad('delay', 'it is no number');
  return {
    kind: 'reading',
    reading: {
      ...{ timeNs, offsetNs, source },
      delayNs: delayNs ?? null,
      frequencyPpb: frequencyPpb ?? null,
    },
  };
}

const format = (name: Program): LineFormat => ({
  name,
  title: `a log of ${name}`,
  parser: () => (line) => parseLine(name, line),
});

export const LINUXPTP_FORMATS: readonly LineFormat[] = [
  format('ptp4l'),
  format('phc2sys'),
  format('ts2phc'),
];
