/** Why a port is in its state, in words that say what is missing. */
import { portIdentityText } from '#units/clock-identity';
import type { Instant } from '#units/time';
import type { DisciplineStatus } from '../../servo/discipline-types.js';
import type { InstanceConfig } from './instance-types.js';
import type { Port } from './port.js';

export function whyOf(
  port: Port,
  config: InstanceConfig,
  clock: DisciplineStatus,
  now: Instant,
): string {
  switch (port.state) {
    case 'listening':
      return whyListening(port, config, now);
    case 'uncalibrated':
      return port.slaveSide.missing() ?? `the clock is ${clock.state}: ${clock.why}`;
    case 'slave':
      return `${port.why}; the clock is ${clock.state}`;
    case 'initializing':
    case 'faulty':
    case 'disabled':
    case 'preMaster':
    case 'master':
    case 'passive':
      return port.isExcluded ? `${port.why}; the link is not asCapable` : port.why;
  }
}

function whyListening(port: Port, config: InstanceConfig, now: Instant): string {
  const parts = [heardText(port, config, now)];
  const leftOut = port.heard.leftOutText();
  if (leftOut !== null) parts.push(`heard and not used: ${leftOut}`);
  if (config.defaultDS.slaveOnly) parts.push('this clock is slaveOnly');
  return parts.join('; ');
}

function heardText(port: Port, config: InstanceConfig, now: Instant): string {
  const { domainNumber } = config.defaultDS;
  const foreign = port.announces.foreign.list(now);
  const first = foreign[0];
  if (port.isExcluded) return 'the link is not asCapable: the neighbor does not answer Pdelay_Req';
  if (first !== undefined && !first.qualified) {
    const name = portIdentityText(first.foreignMasterPortIdentity);
    return `${name} is heard but not qualified yet: two Announces within four intervals are needed`;
  }
  if (first !== undefined) {
    const name = portIdentityText(first.foreignMasterPortIdentity);
    return `${name} is heard and qualified, but not chosen: ${port.why}`;
  }
  const rejected = rejectedText(port);
  if (rejected !== null) return `every Announce of domain ${domainNumber} was refused: ${rejected}`;
  if (port.heard.count('sync') > 0) {
    return `Sync of domain ${domainNumber} is heard, but no Announce`;
  }
  if (port.unicast.isRequesting) return 'no Announce of a master in the unicast table is heard';
  return `no PTP message of domain ${domainNumber} is heard`;
}

function rejectedText(port: Port): string | null {
  const counts = Object.entries(port.announces.foreign.counters());
  if (counts.length === 0) return null;
  return counts.map(([rejection, count]) => `${rejection} ${count}`).join(', ');
}
