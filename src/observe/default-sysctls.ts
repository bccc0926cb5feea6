import type { System } from '../system/system.ts';
import { fields, list, text } from './untrusted.ts';

/** An engine that is told to give its containers settings itself. */
export interface EngineDefaults {
  readonly engine: 'podman' | 'crio' | 'kubelet' | 'cni';
  /** The file that says so; of several the one that counts, the last. */
  readonly file: string;
  readonly sysctls: Readonly<Record<string, string>>;
}

/**
 * What engines of this host give every container by their own configuration: containers.conf(5), crio.conf(5), the
 * kubelet's `defaultPodSysctls` (KEP-5996), and CNI's tuning plugin. A file that can't be read or understood says nothing. Never throws.
 */
export async function observeEngineDefaults(system: System): Promise<readonly EngineDefaults[]> {
  const podman = [
    '/usr/share/containers/containers.conf',
    '/etc/containers/containers.conf',
    ...(await inFolder(system, '/etc/containers/containers.conf.d', '.conf')),
  ];
  const crio = ['/etc/crio/crio.conf', ...(await inFolder(system, '/etc/crio/crio.conf.d', '.conf'))];
  const cni = (await inFolder(system, '/etc/cni/net.d', '.conflist')).slice(0, 1); // The first one is the cluster's.
  const found = await Promise.all([
    last(system, 'podman', podman, async (words) =>
      assignments(fields((await toml(words))['containers'])['default_sysctls']),
    ),
    last(system, 'crio', crio, async (words) =>
      assignments(fields(fields((await toml(words))['crio'])['runtime'])['default_sysctls']),
    ),
    last(system, 'kubelet', ['/var/lib/kubelet/config.yaml'], async (words) => {
      const { parse } = await import('yaml');
      return texts(fields(parse(words))['defaultPodSysctls']);
    }),
    last(system, 'cni', cni, async (words) =>
      texts(
        Object.fromEntries(
          list(fields(JSON.parse(words))['plugins'])
            .map(fields)
            .filter(({ type }) => type === 'tuning')
            .flatMap(({ sysctl }) => Object.entries(fields(sysctl))),
        ),
      ),
    ),
  ]);
  return found.flat();
}

/** The readers of these languages are loaded where there is something to read. */
const toml = async (words: string) => fields((await import('smol-toml')).parse(words));

async function inFolder(system: System, folder: string, end: string): Promise<readonly string[]> {
  const names = await system.list(folder).catch(() => []);
  return names
    .filter((name) => name.endsWith(end))
    .sort()
    .map((name) => `${folder}/${name}`);
}

type Sysctls = EngineDefaults['sysctls'];

async function last(
  system: System,
  engine: EngineDefaults['engine'],
  files: readonly string[],
  read: (words: string) => Promise<Sysctls>,
): Promise<readonly EngineDefaults[]> {
  const told: EngineDefaults[] = [];
  for (const file of files) {
    const words = await system.readText(file).catch(() => undefined);
    const sysctls = words === undefined ? {} : await read(words).catch((): Sysctls => ({}));
    if (Object.keys(sysctls).length > 0) told.push({ engine, file, sysctls });
  }
  return told.slice(-1);
}

/** `["net.ipv4.ip_local_port_range=49152 61000"]` */
function assignments(value: unknown): Sysctls {
  return Object.fromEntries(
    list(value).flatMap((one) => {
      const [, key, setting] = /^([\w./-]+)\s*=\s*(.*)$/s.exec(text(one) ?? '') ?? [];
      return key === undefined || setting === undefined ? [] : [[key, plain(setting)] as const];
    }),
  );
}

const texts = (value: unknown): Sysctls =>
  Object.fromEntries(
    Object.entries(fields(value)).flatMap(([key, setting]) =>
      typeof setting === 'string' ? [[key, plain(setting)] as const] : [],
    ),
  );

/** Blanks made single, as the kernel's own tabs are read. */
const plain = (setting: string): string => setting.trim().replaceAll(/\s+/g, ' ');
