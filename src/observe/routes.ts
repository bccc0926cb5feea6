import { PortfenceError } from '../errors.ts';
import { scrub } from '../scrub.ts';
import type { System } from '../system/system.ts';
import { refused } from './ask.ts';
import { isInterfaceName } from './interface-name.ts';
import { fields, list, parseJson, text } from './untrusted.ts';

/**
 * Interfaces that carry a default route in any table, both families, sorted. Throws TOOL_MISSING or SYSTEM, the latter
 * also for an interface that no rule can name: leaving it out would leave it unfenced without a word.
 */
export async function observeDefaultRouteDevices(system: System): Promise<string[]> {
  const found = await Promise.all((['-4', '-6'] as const).map((family) => defaultRoutes(system, family)));
  return [...new Set(found.flat())].sort();
}

async function defaultRoutes(system: System, family: '-4' | '-6'): Promise<string[]> {
  const argv = ['ip', '-j', family, 'route', 'show', 'table', 'all', 'default'] as const;
  const done = await system.run(argv);
  if (done.code === 0) return readDefaultRouteDevices(done.stdout);
  if (/not supported/i.test(done.stderr)) return []; // A kernel without this family has no routes of it.
  throw refused(argv, done);
}

/**
 * Reads `ip -j route show table all default` (iproute2): the devices of unicast routes, each next hop of a multipath route
 * and of a nexthop group included. Other types (blackhole, unreachable, prohibit, throw, local for TPROXY) lead nowhere.
 */
export function readDefaultRouteDevices(json: string): string[] {
  const devices = list(parseJson(json, 'ip route')).flatMap((entry) => {
    const route = fields(entry);
    if (route['dst'] !== 'default' || (route['type'] !== undefined && route['type'] !== 'unicast')) return [];
    return [route, ...list(route['nexthops']).map(fields)].flatMap((hop) => text(hop['dev']) ?? []);
  });
  return [...new Set(devices)]
    .filter((name) => name !== 'lo')
    .map(nameable)
    .sort();
}

function nameable(name: string): string {
  if (isInterfaceName(name)) return name;
  throw new PortfenceError('SYSTEM', `the default route leads through '${scrub(name)}', a name that no rule can hold`, {
    hint: 'rename the interface (ip link set ... name ...), or name the uplinks in the policy',
  });
}
