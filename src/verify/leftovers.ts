import { observeLinks } from '../observe/links.ts';
import { readNftObjects } from '../observe/nft-objects.ts';
import { fields, list, parseJson, text } from '../observe/untrusted.ts';
import type { System } from '../system/system.ts';
import { must, removeLink } from './command.ts';
import { OWN_ALIAS, OWN_BRIDGE } from './own-network.ts';
import { PROBE_PREFIX, removeProbeTable } from './probe-table.ts';

/** Removes what verifications that were killed have left: tables and bridges that bear the name of a process that is gone. */
export async function removeLeftovers(system: System): Promise<void> {
  const tables = readNftObjects(await must(system, ['nft', '-j', 'list', 'tables'])).flatMap(([kind, table]) => {
    const name = text(table['name']);
    return kind === 'table' && table['family'] === 'inet' && name?.startsWith(PROBE_PREFIX) ? [name] : [];
  });
  for (const name of tables) {
    if (await isGone(system, Number(name.slice(PROBE_PREFIX.length)))) await removeProbeTable(system, name);
  }
  for (const { name } of await observeLinks(system)) {
    const pid = OWN_BRIDGE.exec(name)?.[1];
    if (pid === undefined || !(await isOurs(system, name))) continue;
    if (await isGone(system, Number.parseInt(pid, 16))) await removeLink(system, name);
  }
}

async function isGone(system: System, pid: number): Promise<boolean> {
  return pid === system.pid || (await system.readText(`/proc/${pid}/stat`)) === undefined;
}

async function isOurs(system: System, name: string): Promise<boolean> {
  const json = await must(system, ['ip', '-j', 'link', 'show', 'dev', name]);
  return text(fields(list(parseJson(json, 'ip link'))[0])['ifalias']) === OWN_ALIAS;
}
