import { removeRateTable, RATE_TABLE as TABLE } from '../observe/rate-table.ts';
import { fields, integer, list, parseJson, text } from '../observe/untrusted.ts';
import type { Plan } from '../plan/plan.ts';
import { fitsAny } from '../plan/wildcards.ts';
import type { System } from '../system/system.ts';

/** New connections by service since the set was made, the most first. */
export interface ServiceRate {
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
  readonly connections: number;
}

/** What a set in the kernel has counted; `entries` of at most `limit` services. */
export interface CountedServices {
  readonly services: readonly ServiceRate[];
  readonly entries: number;
  readonly limit: number;
}

const LIMIT = 4096;
const FORGOTTEN_AFTER = '1h';
const SETS = [
  { name: 'services4', nfproto: 'ipv4', type: 'ipv4_addr', address: 'ip daddr' },
  { name: 'services6', nfproto: 'ipv6', type: 'ipv6_addr', address: 'ip6 daddr' },
] as const;

/**
 * The commands that count first packets towards each service as they leave, repeated ones as well. A full set
 * counts no further service, and touches no packet (nft(8), dynamic sets). Loads on nft 1.0.2 and newer.
 */
export function rateCommands({ uplinks, protocols }: Plan, links: readonly string[]): readonly string[] {
  const names = links.filter((name) => fitsAny(uplinks.names, name) === (uplinks.mode === 'these') && name !== 'lo');
  const quoted = names.filter((name) => /^[\w.@-]{1,15}$/.test(name)).map((name) => `"${name}"`);
  const kinds = protocols.join(', ');
  return [
    `add table inet ${TABLE}`,
    `delete table inet ${TABLE}`,
    `add table inet ${TABLE}`,
    ...SETS.map(
      ({ name, type }) =>
        `add set inet ${TABLE} ${name} { type inet_proto . ${type} . inet_service; size ${LIMIT / 2}; flags dynamic, timeout; timeout ${FORGOTTEN_AFTER}; }`,
    ),
    `add chain inet ${TABLE} leaving { type filter hook postrouting priority 310; policy accept; }`,
    ...(quoted.length === 0
      ? []
      : SETS.map(
          ({ name, nfproto, address }) =>
            `add rule inet ${TABLE} leaving oifname { ${quoted.join(', ')} } ct state new meta nfproto ${nfproto} meta l4proto { ${kinds} } update @${name} { meta l4proto . ${address} . th dport counter }`,
        )),
  ];
}

/** Keeps the set as the host is. None of it throws: without the set there are no rates, and nothing else is missing. */
export interface RateSet {
  /** What was counted; the set is made where it is missing, or where the uplinks are others now. */
  read(plan: Plan, links: readonly string[]): Promise<CountedServices | undefined>;
  remove(): Promise<void>;
}

/** The set of the agent that runs here. */
export function rateSet(system: System): RateSet {
  let loaded: string | undefined;
  const listed = () => system.run(['nft', '-j', 'list', 'table', 'inet', TABLE]);
  return {
    read: async (plan, links) => {
      try {
        const wanted = `${rateCommands(plan, links).join('\n')}\n`;
        let { code, stdout } = await listed();
        if (code !== 0 || wanted !== loaded) {
          // What it counted before is gone; a counter that begins anew is one that Prometheus knows.
          if ((await system.run(['nft', '-f', '-'], { input: wanted })).code !== 0) return undefined;
          loaded = wanted;
          ({ code, stdout } = await listed());
        }
        if (code !== 0) return undefined;
        const services = readServices(stdout);
        return { services, entries: services.length, limit: LIMIT };
      } catch {
        return undefined;
      }
    },
    remove: async () => {
      if (loaded === undefined) return;
      loaded = undefined;
      await removeRateTable(system);
    },
  };
}

/** Reads `nft -j list table`: elements of sets with a counter each. */
export function readServices(json: string): readonly ServiceRate[] {
  const sets = list(fields(parseJson(json, 'nft'))['nftables']).map((one) => fields(fields(one)['set']));
  return sets
    .flatMap((set) => list(set['elem']))
    .flatMap((entry): ServiceRate[] => {
      const element = fields(fields(entry)['elem']);
      const [protocol, address, port] = list(fields(element['val'])['concat']);
      const connections = integer(fields(element['counter'])['packets']);
      const [kind, to, number] = [text(protocol), text(address), integer(port)];
      if (kind === undefined || to === undefined || number === undefined || connections === undefined) return [];
      return [{ protocol: kind, address: to, port: number, connections }];
    })
    .sort((a, b) => b.connections - a.connections);
}
