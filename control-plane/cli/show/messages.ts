/** Names of PTP messages, as the standard writes them (IEEE 1588-2019, table 36). Pure. */
import { messageKind, type PortStatus } from '#runtime/status';

const MESSAGE_NAMES: Readonly<Record<keyof PortStatus['messages'], string>> = {
  sync: 'Sync',
  delayReq: 'Delay_Req',
  pdelayReq: 'Pdelay_Req',
  pdelayResp: 'Pdelay_Resp',
  followUp: 'Follow_Up',
  delayResp: 'Delay_Resp',
  pdelayRespFollowUp: 'Pdelay_Resp_Follow_Up',
  announce: 'Announce',
  signaling: 'Signaling',
  management: 'Management',
};

/** An agent of another version may count what we have no name for. */
export function messageName(kind: string): string {
  return (MESSAGE_NAMES as Readonly<Record<string, string>>)[kind] ?? kind;
}

/** By the number of the wire. */
export function messageTypeName(type: number): string {
  const kind = messageKind(type);
  return kind === null ? `type ${type}` : messageName(kind);
}
