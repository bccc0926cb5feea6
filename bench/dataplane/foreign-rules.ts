import { setTimeout as sleep } from 'node:timers/promises';
import { PortfenceError } from '../../src/errors.ts';
import type { DataplaneSetup } from './setup.ts';

/** How many rules of others come before the engine's own, in each family. */
export const FOREIGN_RULES = 500;
const TABLE = 'customers';
const PATIENCE_MS = 30_000;

const numbers = Array.from({ length: FOREIGN_RULES }, (_, i) => i);
const networks = {
  ip: numbers.map((i) => `10.${64 + (i >> 8)}.${i & 255}.0/24`),
  ip6: numbers.map((i) => `fd00:64:${i.toString(16)}::/48`),
} as const;
const LAST = networks.ip.at(-1) ?? '';

/** A source address for each network of others, none of them a container's, asked one after the other. */
const RULES = (['ip', 'ip6'] as const)
  .map((family) => {
    const address = family === 'ip' ? '203.0.113.200' : 'fd00:99::200';
    const rules = networks[family].map((network) => `    ${family} saddr ${network} oifname "eth0" snat to ${address}`);
    const hook = '    type nat hook postrouting priority 90; policy accept;';
    return `table ${family} ${TABLE} {\n  chain out {\n${[hook, ...rules].join('\n')}\n  }\n}\n`;
  })
  .join('');

/** Does the work while the rules stand, and the fence follows them. */
export async function amongForeignRules<T>(setup: DataplaneSetup, work: () => Promise<T>): Promise<T> {
  const { host } = setup.testbed;
  await host.expect(['nft', '-f', '-'], { input: RULES });
  try {
    await followed(setup, true);
    return await work();
  } finally {
    for (const family of ['ip', 'ip6']) await host.run(['nft', 'delete', 'table', family, TABLE]);
    await followed(setup, false);
  }
}

/** Waits until the fence knows the rules, or has forgotten them. */
async function followed({ fence, testbed, ...host }: DataplaneSetup, wanted: boolean): Promise<void> {
  if (!fence.follow) return;
  await fence.follow({ testbed, ...host });
  const deadline = Date.now() + PATIENCE_MS;
  const knows = async () =>
    (await testbed.host.run(['nft', 'list', 'table', 'inet', 'portfence'])).stdout.includes(LAST);
  while ((await knows()) !== wanted) {
    if (Date.now() > deadline) throw new PortfenceError('SYSTEM', `${fence.name} does not follow the rules of others`);
    await sleep(100);
  }
}
