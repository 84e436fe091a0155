/** Both programs, and the ways that a message travels: what most conversations are told over. */
import { afterEach } from 'vitest';
import type { SwitchPlan } from '#lab/bench/switch-state';
import { Conversation } from './conversation.js';
import type { Way } from './messages.js';
import { VirtualSwitch, type Program } from './virtual-switch.js';

export const PROGRAMS: readonly Program[] = ['main_native', 'main_bmv2'];

const WAYS: readonly (readonly [string, Partial<Way>])[] = [
  ['Ethernet', {}],
  ['UDP/IPv4', { transport: 'ipv4' }],
  ['UDP/IPv4 without checksum', { transport: 'ipv4', checksum: 'zero' }],
  ['UDP/IPv6', { transport: 'ipv6' }],
];

export const CASES = PROGRAMS.flatMap((program) =>
  WAYS.map(([transport, way]) => ({ program, transport, way })),
);

let open: VirtualSwitch | null = null;
afterEach(() => {
  open?.close();
  open = null;
});

/** A switch with this plan, closed when the test is over. */
export async function talkTo(
  program: Program,
  plan: SwitchPlan,
  way: Partial<Way> = {},
): Promise<Conversation> {
  open = await VirtualSwitch.open(program, plan);
  return new Conversation(open, way);
}
