import { PortfenceError } from '../../errors.ts';
import type { System } from '../../system/system.ts';
import { NFT_LOAD } from './load.ts';
import { nftWords, script } from './script.ts';

const HEAD: readonly string[] = [
  'add table inet portfence',
  'add set inet portfence flows { type ipv4_addr . inet_service; flags dynamic,timeout; timeout 5s; size 64; }',
  'add chain inet portfence picked',
  'add chain inet portfence confine { type nat hook postrouting priority 50; policy accept; }',
];

/**
 * The least that every fence needs of nft and the kernel, so that a fault in our own rules is not taken for something that
 * they can't do.
 */
const RULES: readonly string[] = [
  'meta l4proto { tcp, udp } masquerade to :49152-61000',
  'meta l4proto { tcp, udp } snat to :49152-61000',
  'meta l4proto { tcp, udp } snat ip to 192.0.2.1:49152-61000',
  'tcp sport 1024-49151 jump picked',
  'update @flows { ip daddr . tcp dport counter }',
].map((rule) => `add rule inet portfence confine ${rule}`);

/** What nft is told in an empty network namespace to learn whether it can hold a fence at all. */
export const LEAST: readonly string[] = [...HEAD, ...RULES];

/**
 * Why nft can't hold a fence here, one line with its own words; undefined where it can, or where it was not asked. `error` is
 * what trying the whole of the rules threw.
 */
export async function whyNotNftables(system: System, error: unknown): Promise<string | undefined> {
  if (!(error instanceof PortfenceError)) return undefined;
  if (error.code === 'TOOL_MISSING') return 'nft is missing';
  if (error.code !== 'KERNEL_REFUSED') return undefined;
  const done = await system.run(['unshare', '--net', 'sh', '-c', NFT_LOAD], { input: script(LEAST) });
  if (done.code === 0 || /^unshare:/m.test(done.stderr)) return undefined;
  const line = LEAST[Number(/:(\d+):\d+-\d+: Error/.exec(done.stderr)?.[1]) - 1];
  const refused = line === undefined ? 'the rules' : `\`${line.replace(/^add \w+ inet portfence \S+ ?/, '')}\``;
  return `nft refuses ${refused} in an inet table: ${nftWords(done)}`;
}
