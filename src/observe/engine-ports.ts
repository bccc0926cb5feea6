import { readAddress } from '../addresses.ts';
import type { PublishedPort } from '../plan/facts.ts';
import { PROTOCOLS } from '../ports.ts';
import { fields, list, port, text } from './untrusted.ts';

/** Other addresses of containers, by container id: the ones they have on a network that their own listing leaves out. */
export type MoreAddresses = ReadonlyMap<string, readonly string[]>;

/**
 * Reads `GET /containers/json` (Docker's Engine API, podman's compatible one): each published port at each address that
 * its container has.
 */
export function readPublishedPorts(answer: unknown, more: MoreAddresses = new Map()): PublishedPort[] {
  const found = new Map<string, PublishedPort>();
  for (const entry of list(answer)) {
    const container = fields(entry);
    const networks = Object.values(fields(fields(container['NetworkSettings'])['Networks'])).map(fields);
    const own = networks.flatMap((network) => [network['IPAddress'], network['GlobalIPv6Address']]);
    const others = more.get(text(container['Id']) ?? '') ?? [];
    const addresses = [...own, ...others].flatMap((address) => readAddress(text(address) ?? '') ?? []);
    for (const published of list(container['Ports']).map(fields)) {
      const protocol = PROTOCOLS.find((name) => name === published['Type']);
      const number = port(published['PrivatePort']);
      if (protocol === undefined || number === undefined || port(published['PublicPort']) === undefined) continue;
      for (const address of addresses) {
        found.set(`${address} ${protocol} ${number}`, { address, protocol, port: number });
      }
    }
  }
  return [...found.values()];
}

/**
 * Reads `GET /networks/docker_gwbridge`: the addresses by which containers of overlay networks are reached from outside.
 * Docker maps their published ports to these (measured, 20.10.24), and lists them nowhere else.
 */
export function readGatewayAddresses(answer: unknown): MoreAddresses {
  const containers = Object.entries(fields(fields(answer)['Containers']));
  return new Map(
    containers.map(([id, endpoint]) => {
      const blocks = [fields(endpoint)['IPv4Address'], fields(endpoint)['IPv6Address']];
      return [id, blocks.flatMap((block) => text(block)?.split('/')[0] ?? [])];
    }),
  );
}
