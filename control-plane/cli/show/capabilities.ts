/** `timeplane show capabilities`: what each target can and cannot, and why. Pure. */
import { capabilityReports, FEATURE_NAMES, FEATURE_TITLES } from '#runtime/capabilities';
import type { AgentStatus } from '#runtime/status';
import { formatNs } from '#units/format';
import { printable, renderTable, type Colours, type View } from './view.js';

type Painter = Pick<View, 'colours'>;

const TARGETS = capabilityReports();

function renderFeatures(view: Painter): string {
  const columns = [
    { title: 'feature', left: true as const },
    ...TARGETS.map(({ kind }) => ({ title: kind, left: true as const })),
  ];
  const facts = [
    ['steps of its time', ...TARGETS.map((target) => formatNs(target.timestampResolutionNs))],
    ['corrects', ...TARGETS.map(({ txHalf }) => TX_HALF[txHalf] ?? txHalf)],
    ['transmit events by', ...TARGETS.map(({ txEvents }) => txEvents)],
  ];
  const features = FEATURE_NAMES.map((name) => [
    FEATURE_TITLES[name],
    ...TARGETS.map(({ features: { [name]: feature } }) => feature.support),
  ]);
  return renderTable(view, 'capabilities', columns, [...facts, ...features]);
}

const TX_HALF: Readonly<Record<string, string>> = {
  deferred: 'as the frame leaves',
  egress: 'in egress',
};

function renderReasons({ colours }: Painter): string {
  const lines = TARGETS.flatMap(({ kind, features }) =>
    FEATURE_NAMES.map((name) => ({ name, ...features[name] }))
      .filter(({ support }) => support !== 'yes')
      .map(({ name, support, why }) => `  ${kind}, ${support}: ${FEATURE_TITLES[name]}: ${why}`),
  );
  return [colours.bold('why not'), ...lines].join('\n');
}

function renderAgent({ colours }: Painter, { target }: AgentStatus): string {
  const head = `This agent drives ${printable(target.kind)} at ${printable(target.address)}.`;
  if (target.notes.length === 0) return `${head} It can all that the configuration asks for.`;
  const notes = target.notes.map((note) => colours.yellow(`  ${printable(note)}`));
  return [`${head} Of its configuration:`, ...notes].join('\n');
}

/** Without an agent: what is known of all targets. */
export function renderTargets(colours: Colours): string {
  return [renderFeatures({ colours }), renderReasons({ colours })].join('\n');
}

export function renderCapabilities(view: View): string {
  return [renderTargets(view.colours), renderAgent(view, view.now.status)].join('\n');
}

/** For programs. `agent`: null where none was asked. */
export function capabilitiesPart(status: AgentStatus | null) {
  const { kind, address, notes } = status?.target ?? {};
  return { targets: TARGETS, agent: status === null ? null : { kind, address, notes } };
}
