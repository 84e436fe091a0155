/** Conversations with an instance, by the state of its ports. */
import { describe, expect, it } from 'vitest';
import { instant, logInterval, ppb, scaledNs, scaledUnits } from '#units/time';
import { FLAG } from '#wire/ptp-header';
import {
  announce,
  conversation,
  delayReq,
  delayResp,
  EPOCH_NS,
  followUp,
  MASTER,
  OTHER,
  station,
  twoStepSync,
  US,
} from './conversation.js';
import { portConfig } from './settings.js';

const slaveOnly = { defaultDS: { slaveOnly: true }, ports: [portConfig(1)] };

describe('INITIALIZING, DISABLED and FAULTY', () => {
  it('leaves INITIALIZING for LISTENING when the instance starts', () => {
    const us = conversation();
    expect(us.state(1)).toBe('initializing');
    us.start();
    expect(us.state(1)).toBe('listening');
    expect(us.effects('portState')).toMatchObject([
      { port: 1, from: 'initializing', to: 'listening', event: 'initialized' },
      { port: 2, from: 'initializing', to: 'listening', event: 'initialized' },
    ]);
  });

  it('is DISABLED where portEnable is false, and hears nothing', () => {
    const us = conversation({ ports: [portConfig(1, { portEnable: false })] }).start();
    us.hearsMaster(1);
    expect(us.state(1)).toBe('disabled');
    expect(us.port(1).why).toBe('portEnable is false');
    expect(us.port(1).foreignMasters).toEqual([]);
  });

  it('is FAULTY without a link, and LISTENING again with one', () => {
    const us = conversation().start();
    us.feed({ kind: 'link', port: 1, up: false });
    expect(us.state(1)).toBe('faulty');
    expect(us.port(1).why).toBe('the link is down');
    us.feed({ kind: 'link', port: 1, up: true });
    expect(us.state(1)).toBe('listening');
  });

  it('sends nothing any more once it is stopped', () => {
    const us = conversation().start();
    us.waits(10);
    expect(us.state(1)).toBe('master');
    us.feed({ kind: 'stop' });
    us.sent();
    us.waits(10);
    expect(us.sent()).toEqual([]);
    expect(us.state(1)).toBe('disabled');
  });
});

describe('LISTENING', () => {
  it('becomes MASTER after the announce receipt timeout: three intervals and up to one more', () => {
    const us = conversation().start();
    us.waits(2.999);
    expect(us.state(1)).toBe('listening');
    us.waits(1.001);
    expect(us.state(1)).toBe('master');
  });

  it('is not moved by one Announce, but by the second', () => {
    const us = conversation().start();
    us.hearsAnnounce(1, MASTER);
    expect(us.state(1)).toBe('listening');
    expect(us.port(1).why).toContain('020000.fffe.000010-1 is heard but not qualified yet');
    us.waits(1);
    us.hearsAnnounce(1, MASTER);
    expect(us.state(1)).toBe('uncalibrated');
  });

  it('stays where it is if it may only be a slave', () => {
    const us = conversation(slaveOnly).start();
    us.waits(20);
    expect(us.state(1)).toBe('listening');
    expect(us.port(1).why).toBe('no PTP message of domain 0 is heard; this clock is slaveOnly');
  });

  it('says what it hears and cannot use', () => {
    const us = conversation(slaveOnly).start();
    us.hearsAnnounce(1, MASTER, { header: { domainNumber: 3 } });
    us.hearsAnnounce(1, MASTER, { header: { domainNumber: 3 } });
    us.hearsAnnounce(1, MASTER, { header: { majorSdoId: 1 } });
    us.feed({ kind: 'leftOut', port: 1, what: 'over UDP', messages: 12 });
    expect(us.port(1).why).toBe(
      'no PTP message of domain 0 is heard; ' +
        'heard and not used: 2 messages of domain 3, 1 of sdoId 0x100, 12 over UDP; ' +
        'this clock is slaveOnly',
    );
  });

  it('says why every Announce was refused', () => {
    const us = conversation(slaveOnly).start();
    us.hearsAnnounce(1, MASTER, { stepsRemoved: 255 });
    expect(us.port(1).why).toContain('every Announce of domain 0 was refused: steps-removed 1');
  });

  it('keeps no more reasons than it can tell', () => {
    const us = conversation(slaveOnly).start();
    for (let domainNumber = 1; domainNumber < 128; domainNumber++) {
      us.hearsAnnounce(1, MASTER, { header: { domainNumber } });
    }
    const names = Object.keys(us.port(1).counters).filter((name) => name.startsWith('leftOut:'));
    expect(names.length).toBeLessThanOrEqual(17);
    expect(us.port(1).counters['leftOut:for other reasons']).toBe(127 - 16);
  });
});

describe('PRE_MASTER', () => {
  it('waits for stepsRemoved + 1 intervals beside a slave port', () => {
    const us = conversation().start();
    us.waits(0.5);
    us.hearsMaster(1, MASTER, { stepsRemoved: 1 });
    // A worse master than the one on port 1 is heard here: M3.
    us.hearsMaster(2, OTHER, { grandmasterPriority1: 120 });
    expect(us.state(2)).toBe('preMaster');
    const told = { stepsRemoved: 1 };
    for (const seconds of [1, 1, 0.9]) {
      us.hearsAnnounce(1, MASTER, told);
      us.waits(seconds);
      expect(us.state(2)).toBe('preMaster');
    }
    us.waits(0.2);
    expect(us.state(2)).toBe('master');
  });
});

describe('MASTER', () => {
  function master(change: Parameters<typeof portConfig>[1] = {}) {
    const us = conversation({ ports: [portConfig(1, change)] }).start();
    us.waits(4);
    expect(us.state(1)).toBe('master');
    return us;
  }

  it('announces and sends Sync at once, and then at its intervals', () => {
    const us = master({ logSyncInterval: logInterval(-2) });
    us.sent();
    us.waits(8);
    const kinds = us.sent().map(({ message }) => message.kind);
    expect(kinds.filter((kind) => kind === 'announce')).toHaveLength(8);
    expect(kinds.filter((kind) => kind === 'sync')).toHaveLength(32);
    expect(us.port(1).counters['syncsSent']).toBeGreaterThanOrEqual(32);
  });

  it('tells its own data sets', () => {
    const us = master();
    const sent = us.sent().find(({ message }) => message.kind === 'announce');
    expect(sent).toMatchObject({
      destination: 'group',
      message: {
        grandmasterIdentity: US,
        grandmasterPriority1: 128,
        grandmasterClockClass: 248,
        stepsRemoved: 0,
        currentUtcOffsetSeconds: 37,
        timeSource: 0xa0,
        header: { flags: FLAG.ptpTimescale, logMessageInterval: logInterval(0) },
      },
    });
  });

  it('sends a Follow_Up when the dataplane has told the time, with its fraction and the latency', () => {
    const us = master({ egressLatency: scaledNs(0x1_8000n) });
    us.sent();
    us.waits(1);
    const sync = us.sent().find(({ message }) => message.kind === 'sync');
    expect(sync?.message.header.flags).toBe(FLAG.twoStep);
    us.feed({ kind: 'transmitTime', token: sync?.token ?? -1, time: us.localTime });
    const [sent] = us.sent();
    expect(sent?.message).toMatchObject({
      kind: 'followUp',
      header: { sequenceId: sync?.message.header.sequenceId },
      preciseOriginTimestamp: instant(EPOCH_NS + 5_000_000_001n),
    });
    expect(scaledUnits(sent?.message.header.correctionField ?? scaledNs(0n))).toBe(0x8000n);
  });

  it('sends no Follow_Up with a guessed time, nor two for one token', () => {
    const us = master();
    us.sent();
    us.waits(2);
    const [first, second] = us.sent().filter(({ message }) => message.kind === 'sync');
    us.feed({ kind: 'transmitTimeMissing', token: first?.token ?? -1 });
    us.feed({ kind: 'transmitTime', token: first?.token ?? -1, time: us.localTime });
    expect(us.sent()).toEqual([]);
    us.feed({ kind: 'transmitTime', token: second?.token ?? -1, time: us.localTime });
    us.feed({ kind: 'transmitTime', token: second?.token ?? -1, time: us.localTime });
    expect(us.sent()).toHaveLength(1);
    expect(us.port(1).counters['transmitTimesMissing']).toBe(1);
    expect(us.instance.status(us.now).counters['transmitTimesUnknown']).toBe(2);
  });

  it('leaves the time of a one-step Sync to the dataplane', () => {
    const us = master({ step: 'one' });
    us.sent();
    us.waits(1);
    const sync = us.sent().find(({ message }) => message.kind === 'sync');
    expect(sync).toMatchObject({ stamped: true, token: null });
    expect(sync?.message.header.flags).toBe(0);
  });

  it('answers a Delay_Req that the dataplane leaves to it', () => {
    const us = master({ ingressLatency: scaledNs(0x4000n) });
    us.sent();
    us.hears(1, delayReq(OTHER, 77));
    expect(us.sent()).toMatchObject([
      {
        destination: 'group',
        message: {
          kind: 'delayResp',
          header: { sequenceId: 77, logMessageInterval: logInterval(0) },
          requestingPortIdentity: OTHER,
          timestamp: instant(EPOCH_NS + 3_999_999_999n),
        },
      },
    ]);
  });

  it('lets the dataplane answer Delay_Req as long as it is MASTER', () => {
    const us = master();
    expect(us.effects('delayResponder')).toMatchObject([{ port: 1 }]);
    us.sent();
    us.hearsMaster(1);
    expect(us.effects('delayResponder')).toMatchObject([{ port: 1, logMinDelayReqInterval: null }]);
  });

  it('gives way to a better master, and follows it', () => {
    const us = master();
    us.hearsMaster(1);
    expect(us.state(1)).toBe('uncalibrated');
    us.sent();
    us.waits(0.5);
    expect(us.sent().filter(({ message }) => message.kind !== 'delayReq')).toEqual([]);
  });

  it('stays MASTER beside a worse one', () => {
    const us = master();
    us.hearsMaster(1, OTHER, { grandmasterPriority1: 200 });
    expect(us.state(1)).toBe('master');
  });

  it('tells at once what has changed', () => {
    const us = conversation().start();
    us.waits(4);
    us.hearsMaster(1);
    us.sent();
    us.waits(0.5);
    us.hearsAnnounce(1, MASTER, { grandmasterClockClass: 7 });
    const news = us.sent(2).find(({ message }) => message.kind === 'announce');
    expect(news?.message).toMatchObject({ grandmasterClockClass: 7, stepsRemoved: 1 });
  });
});

describe('PASSIVE', () => {
  it('is what a port becomes that hears the parent’s grandmaster by a longer way', () => {
    const us = conversation().start();
    us.waits(0.5);
    us.hearsMaster(1);
    us.hearsMaster(2, OTHER, { grandmasterIdentity: MASTER.clockIdentity });
    expect([us.state(1), us.state(2)]).toEqual(['uncalibrated', 'passive']);
    expect(us.port(2).why).toContain('same grandmaster');
  });

  it('takes over when the port that follows loses its link', () => {
    const us = conversation().start();
    us.waits(0.5);
    us.hearsMaster(1);
    us.hearsMaster(2, OTHER, { grandmasterIdentity: MASTER.clockIdentity });
    us.feed({ kind: 'link', port: 1, up: false });
    expect([us.state(1), us.state(2)]).toEqual(['faulty', 'uncalibrated']);
    expect(us.effects('portState').at(-1)).toMatchObject({ port: 2, to: 'uncalibrated' });
  });
});

describe('two of our ports on one path', () => {
  it('the lower one serves it, and the other when that one is silent', () => {
    const us = conversation().start();
    us.waits(10);
    expect([us.state(1), us.state(2)]).toEqual(['master', 'master']);
    const lower = { clockIdentity: US, portNumber: 1 };
    for (let second = 0; second < 20; second += 1) {
      us.hearsAnnounce(2, lower);
      us.hearsAnnounce(1, { ...lower, portNumber: 2 });
      us.waits(1);
    }
    expect([us.state(1), us.state(2)]).toEqual(['master', 'passive']);
    expect(us.effects('portState').filter(({ to }) => to === 'passive')).toHaveLength(1);
    us.waits(20);
    expect([us.state(1), us.state(2)]).toEqual(['master', 'master']);
  });
});

describe('UNCALIBRATED', () => {
  function uncalibrated(change: Parameters<typeof portConfig>[1] = {}) {
    const us = conversation({ ports: [portConfig(1, change)] }).start();
    us.hearsMaster(1);
    us.sent();
    return us;
  }

  it('says that no Sync comes', () => {
    expect(uncalibrated().port(1).why).toBe('no Sync of 020000.fffe.000010-1 has been heard');
  });

  it('says that no Follow_Up comes', () => {
    const us = uncalibrated();
    us.hears(1, twoStepSync(MASTER, 1));
    expect(us.port(1).why).toContain('no Follow_Up');
  });

  it('asks for the delay after the first Sync, and says that nobody answers', () => {
    const us = uncalibrated();
    us.hears(1, twoStepSync(MASTER, 1));
    us.hears(1, followUp(MASTER, 1, us.ptpTime));
    us.waits(0.13);
    expect(us.sent()).toMatchObject([{ message: { kind: 'delayReq' }, destination: 'group' }]);
    us.hearsAnnounce(1, MASTER);
    us.waits(2.8);
    us.hearsAnnounce(1, MASTER);
    us.waits(2.8);
    expect(us.port(1).why).toMatch(/did not answer \d Delay_Req: does it use another delay/);
  });

  it('says that the switch does not tell when Delay_Req leave', () => {
    const us = uncalibrated({ announceReceiptTimeout: 255 });
    us.hears(1, twoStepSync(MASTER, 1));
    us.hears(1, followUp(MASTER, 1, us.ptpTime));
    for (let i = 0; i < 40; i++) {
      us.waits(0.1);
      for (const { message } of us.sent()) {
        if (message.kind === 'delayReq') us.hears(1, delayResp(MASTER, message, us.ptpTime));
      }
    }
    expect(us.port(1).why).toMatch(/answers, but the switch did not tell when \d+ Delay_Req left/);
  });

  it('asks at intervals that are random, twice the interval at most, on average the interval', () => {
    const us = uncalibrated({ announceReceiptTimeout: 255 });
    us.hears(1, twoStepSync(MASTER, 1));
    us.hears(1, followUp(MASTER, 1, us.ptpTime));
    us.waits(200);
    const asked = us.sent().filter(({ message }) => message.kind === 'delayReq').length;
    expect(asked).toBeGreaterThan(170);
    expect(asked).toBeLessThan(230);
  });

  it('asks the parent alone where Delay_Req are unicast', () => {
    const us = uncalibrated({ delayReq: 'unicast' });
    us.hears(1, twoStepSync(MASTER, 1));
    us.hears(1, followUp(MASTER, 1, us.ptpTime));
    us.waits(0.13);
    const [request] = us.sent();
    expect(request?.destination).toEqual(station(1));
    expect(request?.message.header.flags).toBe(FLAG.unicast);
  });

  it('takes the interval from the master’s responses', () => {
    const us = uncalibrated();
    us.hears(1, twoStepSync(MASTER, 1));
    us.hears(1, followUp(MASTER, 1, us.ptpTime));
    us.waits(0.13);
    const [request] = us.sent();
    if (request?.message.kind !== 'delayReq') throw new Error('nothing was asked');
    const response = delayResp(MASTER, request.message, us.ptpTime);
    us.hears(1, {
      ...response,
      header: { ...response.header, logMessageInterval: logInterval(3) },
    });
    expect(us.port(1).portDS.logMinDelayReqInterval).toBe(logInterval(3));
  });

  it('becomes SLAVE when the clock is locked', () => {
    const us = uncalibrated();
    us.isServed(1, MASTER, 30);
    expect(us.state(1)).toBe('slave');
    expect(us.instance.status(us.now).servo.state).toBe('LOCKED');
  });
});

describe('SLAVE', () => {
  function slave(change: Parameters<typeof portConfig>[1] = {}) {
    const us = conversation({ ports: [portConfig(1, change), portConfig(2)] }).start();
    us.isServed(1, MASTER, 30);
    expect(us.state(1)).toBe('slave');
    expect(us.state(2)).toBe('master');
    return us;
  }

  it('measures offset and delay', () => {
    const us = slave();
    const { currentDS, parentDS } = us.instance.status(us.now);
    expect(scaledUnits(currentDS.meanDelay)).toBe(1_000n << 16n);
    expect(Math.abs(Number(scaledUnits(currentDS.offsetFromMaster)) / 65536)).toBeLessThan(10);
    expect(parentDS.parentPortIdentity).toEqual(MASTER);
  });

  it('passes time properties on', () => {
    const us = slave();
    us.hearsAnnounce(1, MASTER, {
      currentUtcOffsetSeconds: 38,
      header: { flags: FLAG.ptpTimescale | FLAG.leap61 | FLAG.timeTraceable },
    });
    us.waits(1);
    const told = us.sent(2).findLast(({ message }) => message.kind === 'announce');
    expect(told?.message).toMatchObject({ currentUtcOffsetSeconds: 38, timeSource: 0x20 });
    expect(told?.message.header.flags).toBe(FLAG.ptpTimescale | FLAG.leap61 | FLAG.timeTraceable);
  });

  it('is grandmaster, in holdover, when no Announce comes any more', () => {
    const us = slave();
    us.sent();
    us.waits(4.1);
    expect(us.state(1)).toBe('master');
    const status = us.instance.status(us.now);
    expect(status.servo.state).toBe('HOLDOVER');
    expect(status.parentDS.grandmasterIdentity).toBe(US);
    expect(us.effects('lockState')).toMatchObject([{ from: 'LOCKED', to: 'HOLDOVER' }]);
  });

  it('turns to another master on its port without being master itself', () => {
    const us = slave();
    us.hearsMaster(1, OTHER, { grandmasterPriority1: 110 });
    us.sent();
    for (let i = 0; i < 4; i++) {
      us.waits(1);
      us.hearsAnnounce(1, OTHER, { grandmasterPriority1: 110 });
    }
    expect(us.effects('portState').map(({ to }) => to)).not.toContain('master');
    expect(us.instance.status(us.now).parentDS.parentPortIdentity).toEqual(OTHER);
  });

  it('loses a master whose Sync stop, at once, if it is told to', () => {
    const us = slave({ syncReceiptTimeout: 3 });
    us.hearsMaster(2, OTHER, { grandmasterPriority1: 110 });
    us.sent();
    us.waits(0.95);
    us.hearsAnnounce(1, MASTER);
    us.hearsAnnounce(2, OTHER, { grandmasterPriority1: 110 });
    expect(us.state(1)).toBe('slave');
    us.waits(0.2);
    expect(us.state(2)).toBe('uncalibrated');
    expect(us.instance.status(us.now).parentDS.parentPortIdentity).toEqual(OTHER);
    // It goes on announcing, and is not taken back before a Sync comes.
    us.hearsAnnounce(1, MASTER);
    expect(us.state(2)).toBe('uncalibrated');
    us.hears(1, twoStepSync(MASTER, 999));
    expect(us.state(1)).toBe('uncalibrated');
  });

  it('ignores Sync that its master sends to somebody alone', () => {
    const us = slave();
    const alone = twoStepSync(MASTER, 5);
    us.hears(1, { ...alone, header: { ...alone.header, flags: FLAG.twoStep | FLAG.unicast } });
    us.hears(1, followUp(MASTER, 5, instant(1n)));
    expect(us.port(1).counters).toMatchObject({ syncsUnicast: 1 });
    expect(us.state(1)).toBe('slave');
  });

  it('ignores Sync and responses of others', () => {
    const us = slave();
    us.hears(1, twoStepSync(OTHER, 5));
    us.hears(1, followUp(OTHER, 5, instant(1n)));
    us.hears(1, delayResp(OTHER, delayReq({ clockIdentity: US, portNumber: 1 }, 9), us.ptpTime));
    expect(us.port(1).counters).toMatchObject({ syncsOfOthers: 2, delayRespsOfOthers: 1 });
    expect(us.state(1)).toBe('slave');
  });

  it('begins anew with another epoch of the counter', () => {
    const us = slave();
    us.feed({
      kind: 'newEpoch',
      reference: { localTime: us.localTime, ptpTime: us.ptpTime, rate: ppb(0) },
      why: 'the switch was restarted',
    });
    expect(us.state(1)).toBe('uncalibrated');
    expect(us.instance.status(us.now).servo.why).toContain('the switch was restarted');
  });
});

it('announces nothing that it was not asked about: an unknown timer is counted', () => {
  const us = conversation().start();
  us.feed({ kind: 'timer', timer: '9/none' });
  us.feed({ kind: 'timer', timer: 'instance/none' });
  expect(us.instance.status(us.now).counters['timersUnknown']).toBe(2);
  expect(announce(MASTER).kind).toBe('announce');
});
