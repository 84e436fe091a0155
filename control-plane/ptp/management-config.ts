/** What a management client changed, in an instance's configuration. Pure; unknown ports change nothing. */
import type { InstanceConfig, PortConfig } from './instance/instance-types.js';
import type { InstanceChange } from './management-types.js';

export function changedConfig(config: InstanceConfig, change: InstanceChange): InstanceConfig {
  const { defaultDS, timePropertiesDS } = config;
  switch (change.what) {
    case 'priority1':
    case 'priority2':
      return { ...config, defaultDS: { ...defaultDS, [change.what]: change.value } };
    case 'slaveOnly':
      return { ...config, defaultDS: { ...defaultDS, slaveOnly: change.value } };
    case 'pathTrace':
      return { ...config, pathTrace: change.value };
    case 'clockAccuracy': {
      const clockQuality = { ...defaultDS.clockQuality, clockAccuracy: change.value };
      return { ...config, defaultDS: { ...defaultDS, clockQuality } };
    }
    case 'timeProperties':
      return { ...config, timePropertiesDS: { ...timePropertiesDS, ...change.value } };
    case 'grandmasterSettings':
      return {
        ...config,
        defaultDS: { ...defaultDS, clockQuality: change.clockQuality },
        timePropertiesDS: change.timeProperties,
      };
    case 'logAnnounceInterval':
    case 'logSyncInterval':
      return changedPort(config, change.portNumber, { [change.what]: change.value });
    case 'announceReceiptTimeout':
      return changedPort(config, change.portNumber, { announceReceiptTimeout: change.value });
    case 'portEnable':
    case 'masterOnly':
      return changedPort(config, change.portNumber, { [change.what]: change.value });
  }
}

function changedPort(
  config: InstanceConfig,
  portNumber: number,
  change: Partial<PortConfig>,
): InstanceConfig {
  const ports = config.ports.map((port) =>
    port.number === portNumber ? { ...port, ...change } : port,
  );
  return { ...config, ports };
}
