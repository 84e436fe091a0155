/**
 * The settings of interfaces that ports need otherwise: changed before a port is opened, given back
 * when the switch ends. What was before is also written to a file meanwhile: a switch that was killed
 * could give nothing back, and the next one on the same interface does.
 */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '#binding/engine';
import { linkSettings, linkSettingWords, type LinkSettings } from '#binding/link';
import type { EngineResult } from '#binding/result';
import type { PortOption } from './switch-options.js';
import type { SwitchLog } from './switch.js';

const nothingChanged = (settings: LinkSettings): boolean =>
  settings.offloads === 0n && settings.stampingChanged === 0n;

/** What an interface was like before the first of two changes. */
function earlier(first: LinkSettings, second: LinkSettings): LinkSettings {
  const stamping = first.stampingChanged === 1n ? first : second;
  return { ...stamping, index: first.index, offloads: first.offloads | second.offloads };
}

/** Where the files are: gone after a reboot, as the settings are. */
export function settingsFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env['XDG_RUNTIME_DIR'] ?? '/run', 'timeplane', 'links');
}

/** Names of interfaces are names in one network namespace. */
function fileName(interfaceName: string): string {
  const namespace = /\d+/.exec(readlinkSync('/proc/self/ns/net'))?.[0] ?? '0';
  return `${namespace}-${interfaceName}`;
}

export class LinkSettingsKeeper {
  readonly #engine: Engine;
  readonly #log: SwitchLog;
  readonly #folder: string;
  readonly #before = new Map<string, LinkSettings>();

  constructor(engine: Engine, log: SwitchLog, folder = settingsFolder()) {
    this.#engine = engine;
    this.#log = log;
    this.#folder = folder;
  }

  /** Whether an interface of the switch has settings to give back. */
  get hasChanges(): boolean {
    return [...this.#before.values()].some((settings) => !nothingChanged(settings));
  }

  /** Makes a port's interface fit; whether its card stamps frames. Errors: those of
   * `Engine.settleLink`. */
  settle({ number, interfaceName, io, stamps }: PortOption): EngineResult<boolean> {
    const settled = this.#engine.settleLink(interfaceName, io, stamps);
    if (!settled.ok) return settled;
    const { before, remark, hasHardwareStamps } = settled.value;
    const fields = { port: number, interface: interfaceName };
    if (remark !== '') this.#log.warn(fields, remark);
    const known = this.#before.get(interfaceName) ?? this.#left(interfaceName);
    const isSame = known?.index === before.index;
    const all = isSame ? earlier(known, before) : before;
    this.#before.set(interfaceName, all);
    if (!nothingChanged(all)) this.#write(interfaceName, all);
    else if (known !== null) rmSync(this.#path(interfaceName), { force: true });
    return { ok: true, value: hasHardwareStamps };
  }

  /** Gives all interfaces back what they had. One that is gone has nothing to get. */
  restore(): void {
    for (const [interfaceName, before] of this.#before) {
      if (nothingChanged(before)) continue;
      const restored = this.#engine.restoreLink(interfaceName, before);
      if (!restored.ok && restored.error.code !== 'NO_SUCH_INTERFACE') {
        this.#log.warn({ interface: interfaceName }, restored.error.message);
        continue; // whoever comes next may have the permission
      }
      rmSync(this.#path(interfaceName), { force: true });
    }
    this.#before.clear();
  }

  #path(interfaceName: string): string {
    return join(this.#folder, fileName(interfaceName));
  }

  /** What a switch that was killed has left; null: nothing, or nothing that can be read. */
  #left(interfaceName: string): LinkSettings | null {
    try {
      const path = this.#path(interfaceName);
      if (!existsSync(path)) return null;
      const words = readFileSync(path, 'utf8').trim().split(' ').map(BigInt);
      return linkSettings(BigUint64Array.from(words));
    } catch (error) {
      this.#log.warn({ interface: interfaceName, err: error }, 'what it was like is not known');
      return null;
    }
  }

  /** Whole or not at all. */
  #write(interfaceName: string, settings: LinkSettings): void {
    const path = this.#path(interfaceName);
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      writeFileSync(`${path}.new`, `${linkSettingWords(settings).join(' ')}\n`, { mode: 0o600 });
      renameSync(`${path}.new`, path);
    } catch (error) {
      const message = 'its settings are given back at the end only, not after the switch is killed';
      this.#log.warn({ interface: interfaceName, err: error }, message);
    }
  }
}
