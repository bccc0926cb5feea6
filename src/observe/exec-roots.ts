import type { System } from '../system/system.ts';
import { fields, text } from './untrusted.ts';

const CONFIG_FILE = '/etc/docker/daemon.json';

/**
 * The `--exec-root` of each dockerd of this host, as far as its command line can be seen (a confined process can't see those
 * of others) or its configuration names it; the default is left out. The Engine API does not name it. Rootless ones and those
 * in containers are left out: their folders are in mount namespaces of their own.
 */
export async function observeExecRoots(system: System): Promise<readonly string[]> {
  const found: string[] = [];
  const processes = (await system.list('/proc')).filter((name) => /^\d+$/.test(name));
  const read = (path: string): Promise<string | undefined> => system.readText(path).catch(() => undefined);
  for (const pid of processes) {
    if ((await read(`/proc/${pid}/comm`))?.trim() !== 'dockerd') continue;
    const status = (await read(`/proc/${pid}/status`)) ?? '';
    const isOfThisHost = /^NSpid:\s+\d+$/m.test(status) && /^Uid:\s+0\b/m.test(status);
    if (isOfThisHost) found.push((await read(`/proc/${pid}/cmdline`)) ?? '');
  }
  const flags = found.map((line) => line.split('\0'));
  const files = flags.flatMap((words) => flagOf(words, 'config-file') ?? []);
  const configured = await Promise.all(
    [...new Set([CONFIG_FILE, ...files])].map(async (path) => execRootIn(await read(path))),
  );
  const roots = [...flags.map((words) => flagOf(words, 'exec-root')), ...configured];
  return [...new Set(roots.flatMap((root) => (root && isPath(root) ? root.replace(/^\/var\/run\//, '/run/') : [])))];
}

const isPath = (text: string): boolean => /^\/\P{Cc}*$/u.test(text);

function flagOf(words: readonly string[], flag: string): string | undefined {
  const at = words.findIndex((word) => word === `--${flag}` || word.startsWith(`--${flag}=`));
  if (at < 0) return undefined;
  const word = words[at] ?? '';
  return word.includes('=') ? word.slice(word.indexOf('=') + 1) : words[at + 1];
}

function execRootIn(configuration: string | undefined): string | undefined {
  try {
    return text(fields(JSON.parse(configuration ?? ''))['exec-root']);
  } catch {
    return undefined;
  }
}
