import { describe, expect, it } from 'vitest';
import {
  ARBITRATION_TRANSITIONS,
  arbitrationStep,
  INITIAL_ARBITRATION,
  retryDelayMs,
  type ArbitrationEvent,
  type ArbitrationPhase,
  type ArbitrationState,
} from '#p4rt/arbitration';

const EVENTS: Record<ArbitrationEvent['kind'], ArbitrationEvent> = {
  start: { kind: 'start' },
  granted: { kind: 'granted' },
  refused: { kind: 'refused', reason: 'another is primary' },
  lost: { kind: 'lost', reason: 'connection refused', random: 0 },
  timer: { kind: 'timer' },
  stop: { kind: 'stop' },
};

/** A client that remembers what it was told to do. */
class Conversation {
  state: ArbitrationState = INITIAL_ARBITRATION;
  effects: unknown[] = [];

  hears(kind: ArbitrationEvent['kind']): this {
    const step = arbitrationStep(this.state, EVENTS[kind]);
    this.state = step.state;
    this.effects = [...step.effects];
    return this;
  }

  does(...effects: object[]): this {
    expect(this.effects).toEqual(effects);
    return this;
  }
}

describe('arbitration', () => {
  it('opens a stream, and is primary when the switch says so', () => {
    new Conversation()
      .hears('start')
      .does({ kind: 'open' })
      .hears('granted')
      .does({ kind: 'became', phase: 'primary', reason: '' })
      .hears('granted')
      .does();
  });

  it('is backup with the reason while another is primary, and takes over when told', () => {
    new Conversation()
      .hears('start')
      .hears('refused')
      .does({ kind: 'became', phase: 'backup', reason: 'another is primary' })
      .hears('granted')
      .does({ kind: 'became', phase: 'primary', reason: '' });
  });

  it('that was primary steps back when another takes over', () => {
    new Conversation()
      .hears('start')
      .hears('granted')
      .hears('refused')
      .does({ kind: 'became', phase: 'backup', reason: 'another is primary' });
  });

  it('waits longer after each loss, and not after an answer', () => {
    const client = new Conversation();
    client.hears('start');
    for (const delayMs of [250, 500, 1_000, 2_000, 2_000, 2_000]) {
      client
        .hears('lost')
        .does(
          { kind: 'close' },
          { kind: 'setTimer', delayMs },
          { kind: 'became', phase: 'waiting', reason: 'connection refused' },
        )
        .hears('timer')
        .does({ kind: 'open' });
    }
    client.hears('granted').hears('lost');
    expect(client.effects).toContainEqual({ kind: 'setTimer', delayMs: 250 });
  });

  it('stopped hears nothing any more', () => {
    const client = new Conversation().hears('start').hears('stop');
    expect(client.effects).toContainEqual({ kind: 'close' });
    for (const kind of Object.keys(EVENTS) as ArbitrationEvent['kind'][]) {
      client.hears(kind).does();
      expect(client.state.phase).toBe('stopped');
    }
  });

  it('follows its table in every cell', () => {
    for (const phase of Object.keys(ARBITRATION_TRANSITIONS) as ArbitrationPhase[]) {
      for (const kind of Object.keys(EVENTS) as ArbitrationEvent['kind'][]) {
        const next = ARBITRATION_TRANSITIONS[phase][kind];
        const step = arbitrationStep({ phase, failures: 0 }, EVENTS[kind]);
        expect(step.state.phase).toBe(next ?? phase);
        if (next === null) expect(step.effects).toEqual([]);
      }
    }
  });

  it('spreads retries by up to a quarter', () => {
    expect(retryDelayMs(2, 0)).toBe(1_000);
    expect(retryDelayMs(2, 1)).toBe(750);
  });
});
