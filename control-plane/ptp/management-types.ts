/** What management-*.ts share: a clock as management sees it, and what a SET or a COMMAND does. */
import type { Result } from '#units/result';
import type { LogInterval } from '#units/time';
import type { ClockQuality, TimePropertiesDS } from './data-sets.js';

/** What a SET changes; to be carried out before the replies are sent. */
export type ManagementEffect =
  | { readonly kind: 'setUserDescription'; readonly userDescription: string }
  | {
      readonly kind: 'setLogMinPdelayReqInterval';
      readonly portNumber: number;
      readonly logInterval: LogInterval;
    }
  | {
      readonly kind: 'setNeighborPropDelayThreshold';
      readonly portNumber: number;
      readonly thresholdNs: number;
    }
  /** Of a PTP instance: see management-config.ts. */
  | { readonly kind: 'changeInstance'; readonly change: InstanceChange }
  /** linuxptp's SUBSCRIBE_EVENTS_NP: whoever asked is told of these for so long; 0 ends it. */
  | {
      readonly kind: 'subscribe';
      readonly durationSeconds: number;
      readonly events: readonly NotifiedEvent[];
    };

/** What a management client may change of an instance while it runs. */
export type InstanceChange =
  | { readonly what: 'priority1' | 'priority2'; readonly value: number }
  | { readonly what: 'slaveOnly' | 'pathTrace'; readonly value: boolean }
  | { readonly what: 'clockAccuracy'; readonly value: number }
  | { readonly what: 'timeProperties'; readonly value: Partial<TimePropertiesDS> }
  | {
      readonly what: 'grandmasterSettings';
      readonly clockQuality: ClockQuality;
      readonly timeProperties: TimePropertiesDS;
    }
  | {
      readonly what: 'logAnnounceInterval' | 'logSyncInterval';
      readonly portNumber: number;
      readonly value: LogInterval;
    }
  | {
      readonly what: 'announceReceiptTimeout';
      readonly portNumber: number;
      readonly value: number;
    }
  | {
      readonly what: 'portEnable' | 'masterOnly';
      readonly portNumber: number;
      readonly value: boolean;
    };

/** Bits of SUBSCRIBE_EVENTS_NP in linuxptp's order. */
export const NOTIFIED_EVENTS = ['portState', 'timeSync', 'parentDataSet'] as const;
export type NotifiedEvent = (typeof NOTIFIED_EVENTS)[number];

/** An accepted SET or COMMAND; the reply carries the octets that it carried. */
export type SetResult = Result<ManagementEffect, 'wrong-length' | 'wrong-value'>;

interface Access {
  /** Not told to strangers. */
  readonly localOnly?: true;
}

/** Of the clock: one reply. */
export interface ClockSet extends Access {
  readonly scope: 'clock';
  readonly get: () => Uint8Array;
  readonly set?: (data: Uint8Array) => SetResult;
  readonly command?: () => SetResult;
}

/** Of a port: one reply from each port that was asked. */
export interface PortSet extends Access {
  readonly scope: 'port';
  readonly get: (portNumber: number) => Uint8Array;
  readonly set?: (data: Uint8Array, portNumber: number) => SetResult;
  readonly command?: (portNumber: number) => SetResult;
}

export type ManagedSet = ClockSet | PortSet;

/** A clock as it is at this moment. */
export interface ManagedClock {
  /** "a transparent clock": what a set is not of that it does not have. */
  readonly what: string;
  readonly clockIdentity: bigint;
  /** Requests of other instances are not its own. */
  readonly domainNumber: number;
  readonly sdoId: number;
  /** Ascending. */
  readonly portNumbers: readonly number[];
  /** By managementId; undefined: it has none such. */
  readonly set: (managementId: number) => ManagedSet | undefined;
}
