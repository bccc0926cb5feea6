import { readAddress } from '../../addresses.ts';
import type { System } from '../../system/system.ts';

const OWN = '/etc/resolv.conf';
/** The stub of systemd-resolved, and where that one lists the resolvers that it asks (systemd-resolved.service(8)). */
const STUB = '127.0.0.53';
const BEHIND_STUB = '/run/systemd/resolve/resolv.conf';

/**
 * The resolvers that Docker gives containers where daemon.json names none: the host's, loopback addresses apart, since a container
 * has another loopback ("Networking overview", DNS services; `Path` in moby's resolvconf).
 */
export async function hostResolvers(
  system: Pick<System, 'readText'>,
): Promise<{ readonly file: string; readonly servers: readonly string[] }> {
  const own = serversIn((await system.readText(OWN)) ?? '');
  const isStub = own.length === 1 && own[0] === STUB;
  const file = isStub ? BEHIND_STUB : OWN;
  const servers = isStub ? serversIn((await system.readText(file)) ?? '') : own;
  return { file, servers: servers.filter((server) => !/^127\.|^::1$/.test(server)) };
}

function serversIn(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => readAddress(/^nameserver\s+([^\s%]+)/.exec(line)?.[1] ?? '') ?? []);
}
