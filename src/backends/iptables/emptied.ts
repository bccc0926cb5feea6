import { ask, unlessMissing } from '../../observe/ask.ts';
import { readBaseChains } from '../../observe/base-chains.ts';
import { readNftObjects } from '../../observe/nft-objects.ts';
import type { System } from '../../system/system.ts';
import { TABLES } from './rules.ts';

/** iptables-nft makes these where they are not there, and leaves them when their last rule goes. */
const SHARED = ['ip', 'ip6'].flatMap((family) => TABLES.map((table) => ({ family, table })));

/**
 * What iptables-nft would have to make for our rules: `ip nat` where there is no such table, `ip nat POSTROUTING` where the table
 * lacks the chain. Empty where nft, which tells it, is missing.
 */
export async function tablesToBeMade(system: System): Promise<readonly string[]> {
  const json = await unlessMissing(ask(system, ['nft', '-j', 'list', 'ruleset']));
  if (json === undefined) return [];
  const tables = readNftObjects(json).filter(([kind]) => kind === 'table');
  const { baseChains } = readBaseChains(json);
  return SHARED.flatMap(({ family, table }) => {
    const isThere = tables.some(([, one]) => one['family'] === family && one['name'] === table);
    if (!isThere) return [`${family} ${table}`];
    const hooked = baseChains.some(
      (chain) => chain.family === family && chain.table === table && chain.name === 'POSTROUTING',
    );
    return hooked ? [] : [`${family} ${table} POSTROUTING`];
  });
}

const BUILT_IN = new Set(['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING']);

/** Removes what was made for our rules and holds nothing any more. What others use by now is theirs. */
export async function removeEmptied(system: System, made: readonly string[]): Promise<void> {
  for (const name of made) {
    const [family = '', table = '', only] = name.split(' ');
    const { code, stdout } = await system.run(['nft', '-j', 'list', 'table', family, table]);
    if (code !== 0) continue;
    const objects = readNftObjects(stdout).filter(([kind]) => kind !== 'metainfo' && kind !== 'table');
    const isUsed = objects.some(([kind, object]) =>
      only === undefined
        ? kind !== 'chain' || !BUILT_IN.has(String(object['name']))
        : kind === 'rule' && object['chain'] === only,
    );
    if (isUsed) continue;
    const what = only === undefined ? ['table', family, table] : ['chain', family, table, only];
    await system.run(['nft', 'delete', ...what]);
  }
}
