/**
 * The grandmaster's rate for the dataplane: copies of Sync and Follow_Up go in, one table entry
 * comes out, by which residence is multiplied.
 */
import type { Logger } from 'pino';
import type { PtpInstance } from '#dataplane/settings';
import type { Entity } from '#p4rt/entities';
import type { P4InfoIndex } from '#p4rt/p4info';
import {
  advanceSyntonization,
  initialSyntonization,
  syntonizationStatus,
  type SyntonizationEffect,
  type SyntonizationInput,
  type SyntonizationState,
  type SyntonizationStatus,
} from '#ptp/syntonization';
import type { Instant } from '#units/time';
import { decodeMessage } from '#wire/ptp-message';
import { syntonization } from './entries.js';
import type { ReceivedPacket } from './packet-io.js';

export interface SyntonizationOptions {
  readonly instance: PtpInstance;
  readonly index: P4InfoIndex;
  readonly now: () => Instant;
  readonly onEntry: (entity: Entity) => void;
  readonly log: Logger;
}

export class SyntonizationService {
  readonly #options: SyntonizationOptions;
  #state: SyntonizationState;
  /** What the switch was told, by us or by an agent before us. */
  #written: number | null = null;
  #undecodable = 0;

  constructor(options: SyntonizationOptions) {
    this.#options = options;
    this.#state = initialSyntonization(options.instance);
  }

  /** A copy of a Sync or Follow_Up. */
  receive({ port, receiveTime }: ReceivedPacket, octets: Uint8Array): void {
    const decoded = decodeMessage(octets);
    const message = decoded.ok ? decoded.value : null;
    if (message?.kind !== 'sync' && message?.kind !== 'followUp') {
      this.#undecodable += 1;
      return;
    }
    this.#apply({ kind: 'message', port, message, receiveTime, now: this.#options.now() });
  }

  /** To be called every second. */
  tick(): void {
    this.#apply({ kind: 'tick', now: this.#options.now() });
  }

  /** The rate that an earlier agent measured holds until there is a better one. */
  adopt(rateOffset: number): void {
    this.#written ??= rateOffset;
  }

  /** Signed, (rate - 1) × 2^41; 0 until there is one, and for other instances. */
  rateOffset({ domainNumber, sdoId }: PtpInstance): number {
    const { instance } = this.#options;
    const isIt = domainNumber === instance.domainNumber && sdoId === instance.sdoId;
    return isIt ? (this.#written ?? 0) : 0;
  }

  entities(): Entity[] {
    return this.#written === null ? [] : [this.#entity(this.#written)];
  }

  status(): SyntonizationStatus & { readonly undecodable: number } {
    return { ...syntonizationStatus(this.#state), undecodable: this.#undecodable };
  }

  #apply(input: SyntonizationInput): void {
    const step = advanceSyntonization(this.#state, input);
    this.#state = step.state;
    for (const effect of step.effects) this.#carryOut(effect);
  }

  #carryOut(effect: SyntonizationEffect): void {
    if (effect.kind === 'rateOffset') {
      this.#written = effect.rateOffset;
      this.#options.onEntry(this.#entity(effect.rateOffset));
      return;
    }
    const text = `syntonization: ${effect.to}, was ${effect.from}: ${effect.why}`;
    if (effect.to === 'holdover') this.#options.log.warn(text);
    else this.#options.log.info(text);
  }

  #entity(rateOffset: number): Entity {
    const { index, instance } = this.#options;
    return syntonization(index, instance, BigInt(rateOffset));
  }
}
