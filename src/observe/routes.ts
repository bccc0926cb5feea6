import { readAddress } from '../addresses.ts';
import { PortfenceError } from '../errors.ts';
import type { Gateway } from '../plan/facts.ts';
import { isInterfaceName } from '../plan/interface-name.ts';
import { scrub } from '../scrub.ts';
import type { System } from '../system/system.ts';
import { refused } from './ask.ts';
import { fields, list, parseJson, text } from './untrusted.ts';

/** The interfaces that routes of any table lead to, sorted. */
export interface RouteDevices {
  /** Those of default routes. */
  readonly defaults: readonly string[];
  /** The next hops of default routes, in the kernel's order. */
  readonly nextHops: readonly Gateway[];
  /** Those of routes through a gateway. */
  readonly gateways: readonly string[];
  /** Those that a single address is routed to without a gateway. */
  readonly hosts: readonly string[];
}

/**
 * Where routes lead, both families. Throws TOOL_MISSING or SYSTEM, the latter also for a default route through an interface
 * that no rule can name: leaving it out would leave it unfenced without a word.
 */
export async function observeRouteDevices(system: System): Promise<RouteDevices> {
  const [ipv4, ipv6] = await Promise.all([routes(system, '-4'), routes(system, '-6')]);
  const all = [ipv4, ipv6];
  const distinct = (of: 'defaults' | 'gateways' | 'hosts') => [...new Set(all.flatMap((one) => one[of]))].sort();
  return {
    defaults: distinct('defaults'),
    nextHops: all.flatMap(({ nextHops }) => nextHops),
    gateways: distinct('gateways'),
    hosts: distinct('hosts'),
  };
}

async function routes(system: System, family: '-4' | '-6'): Promise<RouteDevices> {
  const argv = ['ip', '-j', family, 'route', 'show', 'table', 'all'] as const;
  const done = await system.run(argv);
  if (done.code === 0) return readRouteDevices(done.stdout);
  if (/not supported/i.test(done.stderr)) return { defaults: [], nextHops: [], gateways: [], hosts: [] }; // No such family here.
  throw refused(argv, done);
}

/**
 * Reads `ip -j route show table all` (iproute2): the devices of unicast routes, each next hop of a multipath route and of a
 * nexthop group included. Other types (blackhole, unreachable, prohibit, throw, local for TPROXY) lead nowhere.
 */
export function readRouteDevices(json: string): RouteDevices {
  const hops = list(parseJson(json, 'ip route')).flatMap((entry) => {
    const route = fields(entry);
    if (route['type'] !== undefined && route['type'] !== 'unicast') return [];
    const dst = text(route['dst']) ?? '';
    return [route, ...list(route['nexthops']).map(fields)].flatMap((hop) => {
      const dev = text(hop['dev']);
      return dev === undefined || dev === 'lo'
        ? []
        : [{ dst, dev, gateway: hop['gateway'] !== undefined || hop['via'] !== undefined, address: nextHop(hop) }];
    });
  });
  const devices = (which: readonly { readonly dev: string }[]) => [...new Set(which.map(({ dev }) => dev))].sort();
  const isHost = (dst: string) => dst !== 'default' && (!dst.includes('/') || /\/(?:32|128)$/.test(dst));
  return {
    defaults: devices(hops.filter(({ dst }) => dst === 'default')).map(nameable),
    nextHops: hops.flatMap(({ dst, dev, address }) =>
      dst === 'default' && address !== undefined ? [{ device: dev, address }] : [],
    ),
    gateways: devices(hops.filter(({ dst, gateway }) => gateway && dst !== 'default')).filter(isInterfaceName),
    hosts: devices(hops.filter(({ dst, gateway }) => !gateway && isHost(dst))).filter(isInterfaceName),
  };
}

/** Another family's next hop (`via inet6 ...`) chooses no address of this one. */
const nextHop = ({ gateway }: Readonly<Record<string, unknown>>): string | undefined =>
  readAddress(text(gateway) ?? '');

function nameable(name: string): string {
  if (isInterfaceName(name)) return name;
  throw new PortfenceError('SYSTEM', `the default route leads through '${scrub(name)}', a name that no rule can hold`, {
    hint: 'rename the interface (ip link set ... name ...), or name the uplinks in the policy',
  });
}
