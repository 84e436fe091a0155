/** Slave event monitoring of a port (16.11): what it sees as a slave goes out in Signaling messages. */
import {
  afterPrecise,
  scaledNs,
  subtractScaled,
  type DataplaneTime,
  type ScaledNs,
} from '#units/time';
import { MESSAGE_TYPE, type PortIdentity } from '#wire/ptp-header';
import type { PtpMessage, Tlv } from '#wire/ptp-message';
import { findTlv } from '#wire/tlv/known-tlv';
import { SlaveMonitor, type SlaveMonitoringConfig } from '../slave-monitoring.js';
import { ALL_PORTS } from '../unicast/unicast-types.js';
import { signalingMessage } from './messages.js';
import type { PortServices } from './port-services.js';
import type { SyncSample } from './sync-receiver.js';

export interface MonitoredSync {
  readonly sample: SyncSample;
  readonly source: PortIdentity;
  /** Null: not known. */
  readonly offsetFromMaster: ScaledNs | null;
  readonly meanDelay: ScaledNs | null;
}

export class PortMonitor {
  readonly #port: PortServices;
  #monitor: SlaveMonitor | null = null;
  #sequenceId = 0;

  constructor(port: PortServices, config: SlaveMonitoringConfig | null) {
    this.#port = port;
    this.configure(config);
  }

  configure(config: SlaveMonitoringConfig | null): void {
    if (config === null) this.#monitor = null;
    else if (this.#monitor === null) this.#monitor = new SlaveMonitor(config);
    else this.#monitor.configure(config);
  }

  measured({ sample, source, offsetFromMaster, meanDelay }: MonitoredSync): void {
    const monitor = this.#monitor;
    const taken = this.#port.ptpTime(sample.receiveTime);
    if (monitor === null || taken === null) return;
    const { sequenceId, timestamp, correction, tlvs } = sample;
    const received = afterPrecise(
      taken,
      subtractScaled(scaledNs(0n), this.#port.config.ingressLatency),
    );
    const information = findTlv(tlvs, 'followUpInformation');
    const scaledCumulativeRateOffset = information?.cumulativeScaledRateOffset ?? 0;
    this.#send([
      ...monitor.received({
        source,
        sequenceId,
        origin: timestamp,
        correction,
        scaledCumulativeRateOffset,
        received,
      }),
      ...monitor.computed({
        source,
        sequenceId,
        offsetFromMaster,
        meanPathDelay: meanDelay,
        scaledNeighborRateRatio: null,
      }),
    ]);
  }

  transmitted(message: PtpMessage, time: DataplaneTime): void {
    const left = this.#port.ptpTime(time);
    if (this.#monitor === null || left === null) return;
    const { sourcePortIdentity, sequenceId } = message.header;
    this.#send(
      this.#monitor.sent({
        source: sourcePortIdentity,
        messageType: MESSAGE_TYPE[message.kind],
        sequenceId,
        sent: afterPrecise(left, this.#port.config.egressLatency),
      }),
    );
  }

  /** No slave any more: what was gathered goes out. */
  flush(): void {
    if (this.#monitor !== null) this.#send(this.#monitor.flush());
  }

  /** Our time is another now. */
  clear(): void {
    this.#monitor?.clear();
  }

  #send(tlvs: readonly Tlv[]): void {
    if (tlvs.length === 0) return;
    const sequenceId = this.#sequenceId;
    this.#sequenceId = (sequenceId + 1) & 0xffff;
    const envelope = { sequenceId, unicast: false };
    const message = signalingMessage(this.#port.sender, envelope, ALL_PORTS, tlvs);
    this.#port.sendGeneral(message, 'group');
    this.#port.count('monitoringSent');
  }
}
