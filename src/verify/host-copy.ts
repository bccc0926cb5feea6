import { nftLoad } from '../backends/nftables/load.ts';
import { ask } from '../observe/ask.ts';
import { readNftObjects } from '../observe/nft-objects.ts';
import { integer, text } from '../observe/untrusted.ts';
import type { HostFacts, Link } from '../plan/facts.ts';
import { fitsAny } from '../plan/wildcards.ts';
import { FAMILIES, type Family } from '../ports.ts';
import { createNamespace, type Namespace } from '../system/namespace.ts';
import type { System } from '../system/system.ts';
import type { Prepared } from './prepare.ts';
import { PROBE_PREFIX } from './probe-table.ts';
import { type Cleanup, ipBatch } from './temporary.ts';

/** A namespace with this host's interfaces, addresses and NAT rules, and a peer behind its uplinks. */
export interface HostCopy {
  /** Runs commands in the copy. */
  readonly system: System;
  /** Loads the fence as it stands on this host now; until then the copy has none. */
  addFence(): Promise<void>;
}

/** Rules as one program lists them and loads them again. */
interface SavedRules {
  readonly restore: readonly [string, ...string[]];
  readonly text: string;
}

const PEER_MAC = '02:00:00:00:00:01';
const TOOL: Readonly<Record<Family, string>> = { ipv4: 'iptables', ipv6: 'ip6tables' };
const NFT_FAMILY: Readonly<Record<Family, string>> = { ipv4: 'ip', ipv6: 'ip6' };
/** The tables of iptables that decide about NAT: what is tracked, which marks are set, what is mapped. */
const TABLES = ['raw', 'mangle', 'nat'] as const;
const OF_IPTABLES = ['raw', 'mangle', 'nat', 'filter', 'security'];

/**
 * Copies the host: the same names and addresses, its NAT rules without the fence, routes to the targets. Nothing of the host
 * itself is changed. Throws SYSTEM where its rules can't be loaded a second time.
 */
export async function copyHost(system: System, prepared: Prepared, cleanup: Cleanup): Promise<HostCopy> {
  const rules = await savedRules(system);
  const peer = await createNamespace(system);
  cleanup(() => peer.close());
  const host = await createNamespace(system);
  cleanup(() => host.close());
  await layCables(host, peer, prepared);
  for (const { restore, text: lines } of rules.others) await host.expect(restore, { input: withoutFence(lines) });
  return {
    system: { ...system, run: (argv, options) => host.run(argv, options) },
    addFence: async () => {
      for (const { restore, text: lines } of rules.fenced) await host.expect(restore, { input: lines });
      await host.expect(['conntrack', '-F']);
    },
  };
}

/** In the order in which they were made, since the nat chain that was registered last comes first at equal priority. */
async function savedRules(system: System): Promise<{ others: readonly SavedRules[]; fenced: readonly SavedRules[] }> {
  const listed = readNftObjects(await ask(system, ['nft', '-j', 'list', 'tables'])).flatMap(([kind, table]) => {
    const [family, name] = [text(table['family']), text(table['name'])];
    if (kind !== 'table' || family === undefined || name === undefined || name.startsWith(PROBE_PREFIX)) return [];
    return [{ family, name, handle: integer(table['handle']) ?? 0 }];
  });
  const tables = listed.sort((a, b) => a.handle - b.handle);
  const others: SavedRules[] = [...(await legacyRules(system))];
  const fenced: SavedRules[] = [];
  for (const { family, name } of tables) {
    const ofIptables = FAMILIES.find((one) => NFT_FAMILY[one] === family && OF_IPTABLES.includes(name));
    if (ofIptables) {
      if (!(TABLES as readonly string[]).includes(name)) continue;
      const [save, restore] = [`${TOOL[ofIptables]}-nft-save`, `${TOOL[ofIptables]}-nft-restore`];
      others.push({ restore: [restore, '-n'], text: await ask(system, [save, '-t', name]) });
      continue;
    }
    const rules = {
      restore: nftLoad,
      text: await ask(system, ['nft', 'list', 'table', family, name]),
    } as const;
    (family === 'inet' && name === 'portfence' ? fenced : others).push(rules);
  }
  // Our chains among those of iptables come with the whole table, in the place of the one without them.
  const replaced = others
    .filter(({ text: lines }) => withoutFence(lines) !== lines)
    .map(({ restore: [program], text: lines }): SavedRules => ({ restore: [program], text: lines }));
  return { others, fenced: [...fenced, ...replaced] };
}

async function legacyRules(system: System): Promise<readonly SavedRules[]> {
  const all = await Promise.all(
    FAMILIES.map(async (family) => {
      const file = family === 'ipv4' ? '/proc/net/ip_tables_names' : '/proc/net/ip6_tables_names';
      const there = ((await system.readText(file)) ?? '').split('\n');
      const [save, restore] = [`${TOOL[family]}-legacy-save`, `${TOOL[family]}-legacy-restore`];
      return Promise.all(
        TABLES.filter((table) => there.includes(table)).map(
          async (table): Promise<SavedRules> => ({
            restore: [restore, '-n'],
            text: await ask(system, [save, '-t', table]),
          }),
        ),
      );
    }),
  );
  return all.flat();
}

/** A saved table of iptables without our chains and the jumps to them; text of nft holds no such lines. */
function withoutFence(lines: string): string {
  return lines
    .split('\n')
    .filter((line) => !/^:PORTFENCE|^-A PORTFENCE|^-A .* -[jg] PORTFENCE/.test(line))
    .join('\n');
}

async function layCables(host: Namespace, peer: Namespace, { run, routes, targets }: Prepared): Promise<void> {
  await host.expect(['sysctl', '-e', '-qw', ...SETTINGS]); // A kernel without IPv6 has not all of them.
  const { facts, plan } = run;
  const uplinks = new Set([...routes.values()].map(({ device }) => device));
  const isUplink = (name: string) =>
    uplinks.has(name) || (plan.uplinks.mode === 'these' && fitsAny(plan.uplinks.names, name));
  const links = facts.links.filter(({ name }) => /^[\w.@-]+$/.test(name));
  const made = links.filter((link) => link.name !== 'lo' && (isUplink(link.name) || isNeeded(link, facts)));
  await ipBatch(host, [
    ...made.map(({ name, kind }, i) =>
      isUplink(name)
        ? `link add ${name} type veth peer name u${i} address ${PEER_MAC} netns ${peer.pid}`
        : `link add ${name} type ${kind === 'bridge' ? 'bridge' : 'dummy'}`,
    ),
    ...links.flatMap(addressLines),
    ...made.map(({ name }) => `link set ${name} up`),
  ]);
  await ipBatch(
    peer,
    made.flatMap(({ name }, i) => (isUplink(name) ? [`link set u${i} up`] : [])),
  );
  await ipBatch(
    host,
    targets.flatMap(({ family, address }) => {
      const { device = '', gateway, source } = routes.get(family) ?? {};
      const isSameFamily = gateway !== undefined && gateway.includes(':') === (family === 'ipv6');
      const via = isSameFamily ? `via ${gateway} ` : '';
      const whole = family === 'ipv4' ? '0.0.0.0/0' : '::/0';
      return [
        `route replace ${whole} ${via}dev ${device} onlink${source === undefined ? '' : ` src ${source}`}`,
        `neigh replace ${isSameFamily ? gateway : address} lladdr ${PEER_MAC} dev ${device} nud permanent`,
      ];
    }),
  );
}

const SETTINGS = [
  'net.ipv4.ip_forward=1',
  'net.ipv6.conf.all.forwarding=1',
  'net.ipv4.conf.all.rp_filter=0',
  'net.ipv4.conf.default.rp_filter=0',
  'net.ipv6.conf.default.accept_dad=0',
];

const isNeeded = ({ name, kind, addresses }: Link, { podDevices }: HostFacts): boolean =>
  kind === 'bridge' || podDevices.includes(name) || addresses.some((address) => !isOfTheKernel(address));

/** Addresses that the kernel gives by itself. */
const isOfTheKernel = (address: string): boolean => /^(?:fe80:|127\.0\.0\.1\/|::1\/)/i.test(address);

function addressLines({ name, addresses }: Link): readonly string[] {
  const own = addresses.filter((address) => !isOfTheKernel(address));
  return own.map((address) => `addr add ${address} dev ${name}${address.includes(':') ? ' nodad' : ''}`);
}
