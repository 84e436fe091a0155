/** The boundary clock between its instance and the dataplane: what is trapped, sent and written. */
import { describe, expect, it } from 'vitest';
import { PUNT_REASON } from '#dataplane/program';
import type { BoundaryReport } from '#runtime/ptp/boundary-status';
import { groupAt } from '#runtime/ptp/own-frames';
import { macAddress, macText } from '#units/identity';
import { instant } from '#units/time';
import { encodeFrame, ETHERTYPE, type Encapsulation } from '#wire/frame';
import { FLAG } from '#wire/ptp-header';
import { decodeMessage, encodeMessage, type PtpMessage } from '#wire/ptp-message';
import { announce, followUp, MASTER, twoStepSync } from '../../ptp/instance/conversation.js';
import { Conversation, frameOf, settingsOf, type Sent } from './conversation.js';

const CONFIG = `
clock: { identity: "00:11:22:ff:fe:33:44:55" }
instance: { outsideProfile: true, INSTANCE }
ports:
  - { number: 1, name: up, ptp: boundary, boundary: { PORT },
      address: { mac: "02:00:00:00:01:01", ipv4: 10.0.0.1 } }
  - { number: 2, name: down, ptp: boundary, boundary: { PORT },
      address: { mac: "02:00:00:00:01:02", ipv4: 10.0.0.2 } }
`;
const PORT = 'logAnnounceInterval: -2, logSyncInterval: -3, logMinDelayReqInterval: -3';
const OURS = 0x0011_22ff_fe33_4455n;
/** System time of the conversation, which starts at a second. */
const EPOCH_NS = 1_700_000_000_000_000_000n;
const LINK_NS = 700n;
const STATION = macAddress('02:00:00:00:00:01');

function yamlOf(port: string, instance: string): string {
  return CONFIG.replaceAll('PORT', port).replace('INSTANCE', instance);
}

/** A switch with a counter, and a grandmaster behind its port 1 that is `aheadNs` of the system. */
class Scene {
  readonly talk: Conversation;
  /** The switch's counter against the system's time. */
  counterOffsetNs = 0n;
  aheadNs = 0n;
  #sequenceId = 0;

  constructor({ port = PORT, instance = 'ptp4lLog: true' } = {}) {
    this.talk = new Conversation(yamlOf(port, instance));
    this.talk.onSent = (sent) => this.#leave(sent);
  }

  get #systemNs(): bigint {
    return EPOCH_NS + this.talk.time.nowNs;
  }

  get counterNs(): bigint {
    return BigInt.asUintN(48, this.#systemNs + this.counterOffsetNs);
  }

  get report(): BoundaryReport {
    const { boundary } = this.talk.service.status();
    if (boundary === null) throw new Error('there is no boundary clock');
    return boundary;
  }

  states(): string[] {
    return this.report.ports.map(({ state }) => state);
  }

  /** What a dataplane does at once; the grandmaster answers Delay_Req. */
  #leave(sent: Sent): void {
    const port = Number(sent.fields['egress_port']);
    if (port === 510) {
      this.talk.packetIn(510, 0, this.counterNs, sent.octets);
      return;
    }
    if (sent.fields['tx_event'] === 1n) this.talk.transmitted(sent, this.counterNs);
    const message = messageOf(sent);
    if (port !== 1 || message.kind !== 'delayReq') return;
    this.trap(1, {
      kind: 'delayResp',
      header: { ...message.header, sourcePortIdentity: MASTER },
      tlvs: [],
      timestamp: instant(this.#systemNs + this.aheadNs + LINK_NS),
      requestingPortIdentity: message.header.sourcePortIdentity,
    });
  }

  trap(
    port: number,
    message: PtpMessage,
    encapsulation: Encapsulation = { kind: 'ethernet', etherType: ETHERTYPE.ptp },
    to = groupAt('ethernet', Uint8Array.of(1, 0x1b, 0x19, 0, 0, 0)).mac,
  ): void {
    const frame = encodeFrame({
      destination: to,
      source: STATION,
      tags: [],
      encapsulation,
      payload: encodeMessage(message),
      padding: new Uint8Array(0),
    });
    this.talk.packetIn(port, PUNT_REASON.boundary, this.counterNs, frame);
  }

  /** The grandmaster's own messages for so many eighths of a second. */
  master(eighths: number): void {
    for (let i = 0; i < eighths; i++) {
      const sequenceId = this.#sequenceId++ & 0xffff;
      if (i % 2 === 0) this.trap(1, announce(MASTER, { header: { sequenceId } }));
      const left = instant(this.#systemNs + this.aheadNs - LINK_NS);
      this.trap(1, twoStepSync(MASTER, sequenceId));
      this.trap(1, followUp(MASTER, sequenceId, left));
      this.talk.time.pass(125);
    }
  }

  sent(port: number, kind: PtpMessage['kind']): Sent[] {
    return this.talk.sent.filter(
      (sent) => Number(sent.fields['egress_port']) === port && messageOf(sent).kind === kind,
    );
  }

  /** PTP time at the counter of now by what the dataplane was told, less the master's time. */
  get errorNs(): number {
    const { reference } = this.report;
    if (reference === null) throw new Error('the clock is not set');
    const passed = BigInt.asIntN(48, this.counterNs - BigInt(reference.ticks));
    const ptpNs =
      BigInt(reference.ptpNs) +
      passed +
      BigInt(Math.round((Number(passed) * reference.ratePpb) / 1e9));
    return Number(ptpNs - (this.#systemNs + this.aheadNs));
  }
}

/** Entries come back by their full names. */
function isOf(name: string): (entry: { readonly table: string }) => boolean {
  return ({ table }) => table.split('.').at(-1) === name;
}

function messageOf({ octets, fields }: Sent): PtpMessage {
  if (fields['egress_port'] === 510n) return announce(MASTER);
  const decoded = decodeMessage(frameOf(octets).payload);
  if (!decoded.ok) throw new Error(decoded.error.message);
  return decoded.value;
}

describe('a boundary clock that begins', () => {
  it('sends nothing before PTP time is set, and has what the system says as its first', () => {
    const scene = new Scene();
    const readings: Sent[] = [];
    scene.talk.onSent = (sent) => readings.push(sent);
    scene.talk.service.start();
    scene.talk.time.pass(900);
    expect(scene.report.running).toBe(false);
    expect(readings).toHaveLength(1);
    const [reading] = readings;
    scene.talk.packetIn(510, 0, scene.counterNs, reading?.octets ?? new Uint8Array(0));
    expect(scene.report.running).toBe(true);
    expect(scene.errorNs).toBe(0);
    expect(scene.talk.written.filter(isOf('clock'))).toHaveLength(1);
    expect(scene.states()).toEqual(['listening', 'listening']);
  });

  it('takes up the time that an earlier agent has left, with its rate', () => {
    const earlier = new Scene();
    earlier.counterOffsetNs = -123_456_789n;
    earlier.talk.service.start();
    earlier.master(40);
    const scene = new Scene();
    scene.counterOffsetNs = earlier.counterOffsetNs;
    const actual = earlier.talk.service.entities();
    scene.talk.service.onPrepared({ pushed: false, actual });
    scene.talk.time.pass(5_000);
    scene.talk.service.start();
    expect(Math.abs(scene.errorNs)).toBeLessThan(100);
  });
});

describe('a port with a master', () => {
  it('becomes slave and brings PTP time to the master’s, by a step and then by its rate', () => {
    const scene = new Scene();
    scene.aheadNs = 37_000_000_000n;
    scene.talk.service.start();
    scene.master(80);
    expect(scene.states()).toEqual(['slave', 'master']);
    expect(Math.abs(scene.errorNs)).toBeLessThan(50);
    expect(scene.report.currentDS.stepsRemoved).toBe(1);
    expect(scene.report.servo.state).toBe('LOCKED');
    expect(Math.round(scene.report.currentDS.meanDelayNs)).toBe(Number(LINK_NS));
  });

  it('asks with transmit times, over its transport and from its own address', () => {
    const scene = new Scene();
    scene.talk.service.start();
    scene.master(30);
    const [request] = scene.sent(1, 'delayReq');
    if (request === undefined) throw new Error('no Delay_Req');
    expect(request.fields).toMatchObject({ tx_event: 1n, stamp: 0n, group: 0n });
    const frame = frameOf(request.octets);
    expect(macText(frame.source)).toBe('02:00:00:00:01:01');
    expect(macText(frame.destination)).toBe('01:1b:19:00:00:00');
    expect(scene.sent(2, 'delayReq')).toEqual([]);
  });

  it('says over what else PTP was heard while it hears nothing that counts', () => {
    const scene = new Scene();
    scene.talk.service.start();
    const address = (last: number) => Uint8Array.of(10, 0, 0, last);
    for (let i = 0; i < 5; i++) {
      scene.trap(1, announce(MASTER, { header: { sequenceId: i } }), {
        kind: 'udp4',
        source: address(9),
        destination: address(1),
        trafficClass: 0,
        ttl: 1,
        identification: 0,
        options: new Uint8Array(0),
        udp: { sourcePort: 320, destinationPort: 320, checksum: 'valid' },
      });
      scene.talk.time.pass(100);
    }
    expect(scene.report.ports[0]).toMatchObject({ state: 'listening', foreignMasters: [] });
    expect(scene.report.ports[0]?.why).toContain('over UDP/IPv4');
  });

  it('leaves alone what is sent to another station', () => {
    const scene = new Scene();
    scene.talk.service.start();
    const ethernet = { kind: 'ethernet', etherType: ETHERTYPE.ptp } as const;
    const other = macAddress('02:00:00:00:00:99');
    for (let i = 0; i < 3; i++) scene.trap(1, announce(MASTER), ethernet, other);
    expect(scene.report.ports[0]?.counters).toMatchObject({ 'leftOut:to other stations': 3 });
    scene.trap(1, announce(MASTER), ethernet, macAddress('02:00:00:00:01:01'));
    expect(scene.report.ports[0]?.counters).toMatchObject({ 'received:announce': 1 });
  });
});

describe('a master port', () => {
  it('tells in Follow_Up when its Sync left, by the time that the dataplane has', () => {
    const scene = new Scene();
    scene.talk.service.start();
    scene.master(40);
    const syncs = scene.sent(2, 'sync');
    const followUps = scene.sent(2, 'followUp');
    expect(syncs.length).toBeGreaterThan(10);
    expect(followUps).toHaveLength(syncs.length);
    const sync = syncs.at(-1);
    const told = followUps.map(messageOf).at(-1);
    if (sync === undefined || told?.kind !== 'followUp') throw new Error('no Sync');
    expect(sync.fields).toMatchObject({ tx_event: 1n, stamp: 0n });
    expect(told.header.sourcePortIdentity).toEqual({ clockIdentity: OURS, portNumber: 2 });
    expect(told.header.sequenceId).toBe(messageOf(sync).header.sequenceId);
    expect(scene.talk.service.sent(2)[0]).toBe(BigInt(syncs.length));
    expect(scene.talk.service.sent(2)[8]).toBe(BigInt(followUps.length));
  });

  it('has its Sync stamped by the dataplane where it is one-step', () => {
    const scene = new Scene({ port: `${PORT}, step: one` });
    scene.talk.service.start();
    scene.master(40);
    const syncs = scene.sent(2, 'sync');
    expect(syncs.length).toBeGreaterThan(10);
    for (const sync of syncs) {
      expect(sync.fields).toMatchObject({ tx_event: 0n, stamp: 1n, egress_port: 2n });
      expect(messageOf(sync).header.flags & FLAG.twoStep).toBe(0);
    }
    expect(scene.sent(2, 'followUp')).toEqual([]);
  });

  it('lets the dataplane answer Delay_Req for as long as it is master', async () => {
    const scene = new Scene();
    scene.talk.service.start();
    scene.master(40);
    const responder = scene.talk.written.findLast(isOf('delay_responder'));
    expect(responder?.match).toEqual({ ingress_port: 2n, sdo_id: 0n, domain_number: 0n });
    expect(responder?.action.params).toMatchObject({
      own_clock_identity: OURS,
      own_port_number: 2n,
      log_min_delay_req_interval: 0xfdn,
    });
    expect(scene.talk.removed.filter(isOf('delay_responder'))).toEqual([]);
    await scene.talk.service.stop();
    expect(scene.talk.removed.filter(isOf('delay_responder'))).toHaveLength(1);
    expect(scene.talk.time.waiting).toBe(0);
  });
});

describe('the switch’s counter', () => {
  it('that goes on after a new pipeline changes nothing for clients', () => {
    const scene = new Scene();
    scene.talk.service.start();
    scene.master(40);
    scene.talk.service.onPrepared({ pushed: true, actual: [] });
    scene.talk.service.start();
    scene.talk.time.pass(1_500);
    expect(scene.report.readings).toMatchObject({ breaks: 1 });
    expect(Math.abs(scene.errorNs)).toBeLessThan(1_000);
  });

  it('that jumps begins a new epoch: PTP time goes on by the monotonic clock', () => {
    const scene = new Scene();
    scene.talk.service.start();
    scene.master(40);
    scene.counterOffsetNs += 1_000_000_000_000n;
    scene.talk.time.pass(1_500);
    expect(scene.report.readings).toMatchObject({ breaks: 1 });
    expect(Math.abs(scene.errorNs)).toBeLessThan(1_000);
    scene.master(80);
    expect(scene.states()).toEqual(['slave', 'master']);
    expect(scene.report.servo.state).toBe('LOCKED');
    expect(scene.report.counters['steps'] ?? 0).toBe(0);
  });
});

describe('a link that goes down', () => {
  it('takes its port out of the election at once, and back when it is there again', () => {
    const scene = new Scene();
    const { service } = scene.talk;
    service.onLinks(new Map([[2, false]]));
    service.start();
    scene.master(40);
    expect(scene.states()).toEqual(['slave', 'faulty']);
    service.onLinks(
      new Map([
        [1, false],
        [2, true],
      ]),
    );
    expect(scene.states()[0]).toBe('faulty');
    scene.talk.time.pass(3_000);
    expect(scene.states()).toEqual(['faulty', 'master']);
    expect(scene.report.parentDS.isOwn).toBe(true);
    service.onLinks(new Map([[1, true]]));
    scene.master(80);
    expect(scene.states()).toEqual(['slave', 'master']);
  });
});

describe('other settings', () => {
  it('are taken by a clock that goes on: what clients see does not jump', () => {
    const scene = new Scene({ instance: 'priority1: 128' });
    const { service, written } = scene.talk;
    service.start();
    scene.master(80);
    const announces = scene.sent(2, 'announce').length;
    const port = PORT.replace('logMinDelayReqInterval: -3', 'logMinDelayReqInterval: -1');
    service.configure(settingsOf(yamlOf(port, 'priority1: 120')));
    expect(scene.states()).toEqual(['slave', 'master']);
    expect(scene.report.servo.state).toBe('LOCKED');
    expect(scene.report.defaultDS.priority1).toBe(120);
    const responder = written.findLast(isOf('delay_responder'));
    expect(responder?.action.params['log_min_delay_req_interval']).toBe(0xffn);
    scene.master(40);
    expect(scene.report.counters['steps'] ?? 0).toBe(0);
    expect(Math.abs(scene.errorNs)).toBeLessThan(50);
    expect(scene.sent(2, 'announce').length).toBeGreaterThan(announces);
  });

  it('that take a port away leave the others as they are', () => {
    const scene = new Scene();
    scene.talk.service.start();
    scene.master(80);
    const without = yamlOf(PORT, 'ptp4lLog: true').replace(
      /- \{ number: 2[^}]*\}/,
      '- { number: 2, name: down, ptp: blocked',
    );
    scene.talk.service.configure(settingsOf(without));
    expect(scene.states()).toEqual(['slave']);
    expect(scene.talk.removed.filter(isOf('delay_responder'))).toHaveLength(1);
    const syncs = scene.sent(2, 'sync').length;
    scene.master(24);
    expect(scene.sent(2, 'sync')).toHaveLength(syncs);
  });
});

describe('what it tells', () => {
  it('has lines as ptp4l prints them, once a second', () => {
    const scene = new Scene();
    scene.talk.service.start();
    scene.master(80);
    const lines = scene.talk.lines.map((line) => line.replace(/^ptp4l\[\d+\.\d{3}\]: /, ''));
    expect(lines).toContain('port 1 (up): LISTENING to UNCALIBRATED on RS_SLAVE\n');
    expect(lines).toContain('port 1 (up): UNCALIBRATED to SLAVE on MASTER_CLOCK_SELECTED\n');
    expect(lines).toContain('selected best master clock 020000.fffe.000010\n');
    const rms =
      /^rms {1,4}\d+ max {1,4}\d+ freq +[+-]\d+ \+\/- {1,3}\d+ delay {1,5}700 \+\/- {1,3}\d+\n$/;
    expect(lines.filter((line) => rms.test(line)).length).toBeGreaterThan(4);
  });

  it('is nothing of the kind unless it was asked for', () => {
    const scene = new Scene({ instance: 'priority1: 200' });
    scene.talk.service.start();
    scene.master(40);
    expect(scene.talk.lines).toEqual([]);
    expect(scene.report.defaultDS.priority1).toBe(200);
  });
});

describe('an instance with asymmetry and latency of its port', () => {
  it('takes them away from what it measures', () => {
    const timing = 'timing: { ingressLatencyNs: 100.5, egressLatencyNs: 20, delayAsymmetryNs: 7 }';
    const scene = new Scene({ port: `${PORT} }, ${timing}, marking: { pcp: none` });
    scene.talk.service.start();
    scene.master(60);
    // The link without what is ours of it, and the mean of the other direction.
    expect(scene.report.currentDS.meanDelayNs).toBeCloseTo(Number(LINK_NS) - (100.5 + 20) / 2, 1);
  });
});
