/** Messages that do not belong where they come in: without their event message, in the wrong mode. */
import {
  CLIENT,
  type Way,
  announce,
  delayReq,
  delayResp,
  followUp,
  frameOf,
  management,
  pdelayReq,
  pdelayResp,
  pdelayRespFollowUp,
  signaling,
  sync,
} from '../messages.js';
import { OWN_CLOCK } from './crowded-switch.js';
import {
  Collection,
  MALFORMED,
  type NamedFrame,
  VERSION_1,
  answered,
  corrected,
  cutTo,
  dropped,
  received,
  stray,
  twoStep,
  wrongInside,
} from './entry.js';

const IPV4: Partial<Way> = { transport: 'ipv4' };
const IPV6: Partial<Way> = { transport: 'ipv6' };
const WAITED = 3;
const GENERATED = 2;
const NOT_ACCEPTED = 12;
const HOPS_USED_UP = 13;
const WRONG_MECHANISM = 15;
const NOT_ANSWERED = 16;
const BLOCKED = 10;
const LOOP = 11;
const STRANGER = { clock: 0xdead_beef_dead_beefn, port: 9 };

export function strayFrames(): NamedFrame[] {
  const out = new Collection('twoStep');
  const wait = (name: string, frame: Uint8Array): void => {
    out.add(name, 'waits', twoStep(WAITED), frame);
  };
  const lone = { source: STRANGER, sequenceId: 40_000 };
  wait('a Follow_Up without a Sync', frameOf(followUp(lone)));
  wait('a Follow_Up without a Sync over UDP/IPv4', frameOf(followUp({ ...lone, domain: 1 }), IPV4));
  wait('a Follow_Up without a Sync over UDP/IPv6', frameOf(followUp({ ...lone, domain: 2 }), IPV6));
  wait('a Follow_Up from nobody', frameOf(followUp({ source: { clock: 0n, port: 0 } })));
  wait(
    'a Pdelay_Resp_Follow_Up without a response',
    frameOf(pdelayRespFollowUp({ requesting: STRANGER })),
  );
  out.add(
    'a one-step Sync from nobody',
    'changed',
    twoStep(GENERATED),
    frameOf(sync({ source: { clock: 0n, port: 0 } })),
  );
  out.add(
    'a one-step Sync with all other flags',
    'changed',
    twoStep(GENERATED),
    frameOf(sync({ flags: 0xfdff }), IPV4),
  );
  const back = new Collection('responses');
  const lost = (name: string, frame: Uint8Array): void => {
    back.add(name, 'dropped', stray(), frame);
  };
  lost('a Delay_Resp that nobody asked for', frameOf(delayResp({ requesting: STRANGER })));
  lost('a Delay_Resp to nobody', frameOf(delayResp({ requesting: { clock: 0n, port: 0 } }), IPV4));
  lost(
    'a Delay_Resp to everybody',
    frameOf(delayResp({ requesting: { clock: 0xffff_ffff_ffff_ffffn, port: 0xffff } })),
  );
  lost('a Pdelay_Resp that nobody asked for', frameOf(pdelayResp({ requesting: STRANGER }), IPV6));
  lost('a Pdelay_Resp of another sequenceId', frameOf(pdelayResp({ sequenceId: 0xffff })));
  return [...out.entries, ...back.entries];
}

export function managementFrames(): NamedFrame[] {
  const all = new Collection('plain');
  const used = dropped(HOPS_USED_UP);
  for (const [name, way] of [
    ['Ethernet', {}],
    ['UDP/IPv4', IPV4],
    ['UDP/IPv6', IPV6],
  ] as const) {
    const frame = frameOf(management({ boundaryHops: 0 }), way);
    all.add(`Management with boundaryHops 0 over ${name}`, 'dropped', used, frame);
  }
  const passes = (name: string, frame: Uint8Array): void => {
    all.add(name, 'changed', received(0xd), frame);
  };
  passes('Management with boundaryHops 1', frameOf(management({ boundaryHops: 1 }), IPV4));
  passes('Management with boundaryHops 255', frameOf(management({ boundaryHops: 255 }), IPV6));
  passes(
    'Management with boundaryHops above startingBoundaryHops',
    wrongInside(management(), IPV4, [44, 1, 7]),
  );
  passes(
    'Management to our own clock',
    frameOf(management({ requesting: { clock: OWN_CLOCK, port: 1 } })),
  );
  all.add('Signaling to everybody', 'untouched', received(0xc), frameOf(signaling(), IPV6));
  return all.entries;
}

/** At ports of other modes than end-to-end. */
export function misplacedFrames(): NamedFrame[] {
  const peer = new Collection('peer');
  const mechanism = dropped(WRONG_MECHANISM);
  peer.add('a Delay_Req at a peer-to-peer port', 'dropped', mechanism, frameOf(delayReq()));
  peer.add('a Delay_Resp at a peer-to-peer port', 'dropped', mechanism, frameOf(delayResp(), IPV4));
  peer.add('a Sync at a peer-to-peer port', 'corrected', corrected(0), frameOf(sync()));
  peer.add(
    'a stray Pdelay_Resp where peer delay is answered',
    'to the controller',
    received(3),
    frameOf(pdelayResp()),
  );
  peer.add(
    'a stray Pdelay_Resp_Follow_Up where peer delay is answered',
    'to the controller',
    received(0xa),
    frameOf(pdelayRespFollowUp(), IPV4),
  );
  peer.add(
    'a Pdelay_Req from nobody',
    'answered',
    answered(2),
    frameOf(pdelayReq({ source: { clock: 0n, port: 0 } })),
  );
  peer.add(
    'a Pdelay_Req of ourselves',
    'dropped',
    dropped(LOOP),
    frameOf(pdelayReq({ source: { clock: OWN_CLOCK, port: 5 } })),
  );
  peer.add('a cut Pdelay_Req', 'dropped', MALFORMED.beyond, cutTo(pdelayReq(), {}, 60));
  peer.add(
    'a Pdelay_Req without its reserved octets',
    'dropped',
    MALFORMED.tooLow,
    wrongInside(pdelayReq(), {}, [2, 0, 44]),
  );
  const answering = new Collection('answering');
  answering.add(
    'a Pdelay_Req to be answered two-step',
    'answered',
    answered(2),
    frameOf(pdelayReq()),
  );
  answering.add(
    'a Pdelay_Req with all flags',
    'answered',
    answered(2),
    frameOf(pdelayReq({ flags: 0xffff }), IPV4),
  );
  answering.add(
    'a Pdelay_Req with correctionField at its end',
    'answered',
    answered(2),
    frameOf(pdelayReq({ correctionField: (1n << 63n) - 1n }), IPV6),
  );
  const boundary = new Collection('boundary');
  boundary.add(
    'a Delay_Req of a domain that nobody serves',
    'dropped',
    dropped(NOT_ANSWERED),
    frameOf(delayReq({ domain: 3 })),
  );
  boundary.add(
    'a Delay_Req of another sdoId',
    'dropped',
    dropped(NOT_ANSWERED),
    frameOf(delayReq({ sdoId: 0x100 }), IPV4),
  );
  boundary.add(
    'a Delay_Req from nobody',
    'answered',
    answered(1),
    frameOf(delayReq({ source: { clock: 0n, port: 0 } })),
  );
  boundary.add(
    'a Delay_Req with all flags',
    'answered',
    answered(1),
    frameOf(delayReq({ flags: 0xffff }), IPV6),
  );
  boundary.add('a Sync at a boundary port', 'to the controller', received(0), frameOf(sync()));
  boundary.add(
    'an Announce at a boundary port',
    'to the controller',
    received(0xb),
    frameOf(announce(), IPV4),
  );
  boundary.add(
    'a cut Delay_Req at a boundary port',
    'dropped',
    MALFORMED.beyond,
    cutTo(delayReq(), {}, 50),
  );
  return [...peer.entries, ...answering.entries, ...boundary.entries, ...guardedFrames()];
}

function guardedFrames(): NamedFrame[] {
  const listed = new Collection('listed');
  const refused = dropped(NOT_ACCEPTED);
  listed.add(
    'a Sync of a master that is not listed',
    'dropped',
    refused,
    frameOf(sync({ source: STRANGER })),
  );
  listed.add(
    'a Follow_Up of one',
    'dropped',
    refused,
    frameOf(followUp({ source: STRANGER }), IPV4),
  );
  listed.add(
    'an Announce of one',
    'dropped',
    refused,
    frameOf(announce({ source: STRANGER }), IPV6),
  );
  listed.add('a Delay_Resp of one', 'dropped', refused, frameOf(delayResp({ source: STRANGER })));
  listed.add(
    'a Sync of the listed clock, of another port',
    'dropped',
    refused,
    frameOf(sync({ source: { clock: sync().source.clock, port: 2 } })),
  );
  const first = wrongInside(sync(), IPV4, [0, 0, 1]);
  listed.add('version 1 where masters are listed', 'untouched', VERSION_1, first);
  listed.add('a Sync of the listed master', 'corrected', corrected(0), frameOf(sync()));
  listed.add(
    'a Delay_Req of a stranger',
    'corrected',
    corrected(1),
    frameOf(delayReq({ source: STRANGER })),
  );
  const off = new Collection('off');
  off.add('a cut Sync where PTP is off', 'untouched', null, cutTo(sync(), {}, 30));
  off.add('version 15 where PTP is off', 'untouched', null, wrongInside(sync(), IPV4, [1, 0xff]));
  off.add(
    'our own identity where PTP is off',
    'untouched',
    null,
    frameOf(sync({ source: { clock: OWN_CLOCK, port: 1 } })),
  );
  off.add(
    'Management with no hops where PTP is off',
    'untouched',
    null,
    frameOf(management({ boundaryHops: 0 })),
  );
  const blocked = new Collection('blocked');
  blocked.add('a Sync where PTP is blocked', 'dropped', dropped(BLOCKED), frameOf(sync()));
  blocked.add(
    'a Delay_Req where PTP is blocked',
    'dropped',
    dropped(BLOCKED),
    frameOf(delayReq({ source: CLIENT }), IPV4),
  );
  blocked.add(
    'a cut Sync where PTP is blocked',
    'dropped',
    dropped(BLOCKED),
    cutTo(sync(), {}, 20),
  );
  return [...listed.entries, ...off.entries, ...blocked.entries];
}

/** Frames that are no PTP, where PTP is somebody's: they pass. And requests not to be answered. */
export function bystanderFrames(): NamedFrame[] {
  const arp = frameOf(sync());
  arp.set([0x08, 0x06], 12);
  const other = frameOf(sync(), IPV4);
  other.set([0x12, 0x34, 0, 0], 14 + 20 + 2);
  const out: NamedFrame[] = [];
  for (const place of ['boundary', 'blocked', 'answering', 'peer'] as const) {
    const all = new Collection(place);
    all.add(`ARP at a port of kind ${place}`, 'untouched', null, arp);
    all.add(`UDP of others at a port of kind ${place}`, 'untouched', null, other);
    out.push(...all.entries);
  }
  const answering = new Collection('answering');
  const refused = dropped(NOT_ANSWERED);
  const options = { ...IPV4, ipOptions: Uint8Array.of(0x83, 3, 4, 0) };
  const elsewhere = { unicast: true };
  const request = (way: Partial<Way>): Uint8Array => frameOf(pdelayReq(), way);
  answering.add('a Pdelay_Req to another station', 'dropped', refused, request(elsewhere));
  answering.add('a Pdelay_Req with IPv4 options', 'dropped', refused, request(options));
  const boundary = new Collection('boundary');
  const delay = (way: Partial<Way>): Uint8Array => frameOf(delayReq(), way);
  boundary.add('a Delay_Req to another station', 'dropped', refused, delay(elsewhere));
  boundary.add('a Delay_Req with IPv4 options', 'dropped', refused, delay(options));
  return [...out, ...answering.entries, ...boundary.entries];
}
