/** What the lines of a ptp4l configuration have come to so far: the agent's file in the making. */

type Tree = Record<string, unknown>;

export interface PortDraft {
  readonly name: string;
  /** Keys of the port but those below. */
  readonly tree: Tree;
  mechanism: 'e2e' | 'p2p' | 'none';
  step: 'one' | 'two';
  /** BMCA noop: the roles are given, not elected. */
  isExternal: boolean;
  /** table_id of its unicast_master_table. */
  masterTable: number | null;
}

export interface Draft {
  mode: 'boundary' | 'transparent' | 'transparentP2P';
  logLevel: string;
  /** dataset_comparison G.8275.x. */
  isTelecom: boolean;
  readonly instance: Tree;
  readonly clock: Tree;
  readonly management: Tree;
}

export function emptyDraft(): Draft {
  return {
    mode: 'boundary',
    logLevel: 'info',
    isTelecom: false,
    instance: {},
    clock: {},
    management: {},
  };
}

/** As ptp4l has it when nothing is said: UDP over IPv4, end-to-end, two-step. */
export function emptyPort(name: string): PortDraft {
  return {
    name,
    tree: { boundary: { transport: 'udp4' }, peerDelay: { transport: 'udp4' } },
    mechanism: 'e2e',
    step: 'two',
    isExternal: false,
    masterTable: null,
  };
}
