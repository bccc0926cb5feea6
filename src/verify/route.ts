import { fields, list, parseJson, text } from '../observe/untrusted.ts';
import type { System } from '../system/system.ts';

export interface Route {
  /** The interface that packets leave by. */
  readonly device: string;
  /** The source address that the kernel chooses for packets made here. */
  readonly source: string | undefined;
}

/**
 * The way to an address, of packets made here or of those that arrive from `from`. Undefined where there is none (no route,
 * an unreachable or blackhole route, forwarding switched off, a kernel without the family).
 */
export async function routeTo(
  system: System,
  address: string,
  from?: { readonly source: string; readonly arrived: string },
): Promise<Route | undefined> {
  const family = address.includes(':') ? '-6' : '-4';
  const done = await system.run([
    'ip',
    '-j',
    family,
    'route',
    'get',
    address,
    ...(from ? ['from', from.source, 'iif', from.arrived] : []),
  ]);
  if (done.code !== 0) return undefined;
  const route = fields(list(parseJson(done.stdout, 'ip route get'))[0]);
  const device = text(route['dev']);
  const type = text(route['type']) ?? 'unicast';
  if (device === undefined || (type !== 'unicast' && type !== 'local')) return undefined;
  return { device, source: text(route['prefsrc']) };
}
