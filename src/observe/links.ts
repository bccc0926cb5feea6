import type { Link } from '../plan/facts.ts';
import { scrub } from '../scrub.ts';
import type { System } from '../system/system.ts';
import { ask } from './ask.ts';
import { fields, integer, list, parseJson, text } from './untrusted.ts';

/** The interfaces of this network namespace, in the kernel's order. Throws TOOL_MISSING or SYSTEM. */
export async function observeLinks(system: System): Promise<Link[]> {
  return readLinks(await ask(system, ['ip', '-j', '-d', 'address', 'show']));
}

/** Reads `ip -j -d address show` (iproute2); what has no name is passed over. */
export function readLinks(json: string): Link[] {
  return list(parseJson(json, 'ip address')).flatMap((entry): Link[] => {
    const link = fields(entry);
    const name = text(link['ifname']);
    if (name === undefined) return []; // An interface that goes away meanwhile is listed as {}.
    const kind = text(fields(link['linkinfo'])['info_kind']);
    const master = text(link['master']);
    return [
      {
        name: scrub(name),
        kind: kind === undefined ? undefined : scrub(kind),
        master: master === undefined ? undefined : scrub(master),
        addresses: list(link['addr_info']).flatMap(readAddressInfo),
      },
    ];
  });
}

function readAddressInfo(value: unknown): string[] {
  const info = fields(value);
  const local = text(info['local']);
  const length = integer(info['prefixlen']);
  if (local === undefined || length === undefined || !/^[0-9a-fA-F.:]+$/.test(local)) return [];
  return [`${local}/${length}`];
}
