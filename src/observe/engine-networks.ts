import { readAddress, readBlock } from '../addresses.ts';
import type { ContainerNetwork } from '../plan/facts.ts';
import { isInterfaceName } from '../plan/interface-name.ts';
import { FAMILIES, type Family } from '../ports.ts';
import { scrub } from '../scrub.ts';
import { type Fields, fields, list, text } from './untrusted.ts';

const BRIDGE = 'com.docker.network.bridge';
const NO = ['false', 'f', '0']; // What Go's ParseBool takes for no, which is how Docker reads its options.

/**
 * Reads Docker's `GET /networks` (Engine API). Networks whose containers never cross the host's netfilter as their own
 * (host, none, overlay, which leaves through docker_gwbridge) are left out; macvlan and ipvlan have no bridge.
 */
export function readNetworks(answer: unknown, engine: ContainerNetwork['engine'] = 'docker'): ContainerNetwork[] {
  return list(answer).flatMap((entry): ContainerNetwork[] => {
    const network = fields(entry);
    const name = text(network['Name']);
    const driver = text(network['Driver']);
    if (name === undefined || !isOwn(driver)) return [];
    const options = fields(network['Options']);
    const source = readAddress(text(options['com.docker.network.host_ipv4']) ?? '');
    return [
      {
        engine,
        name: scrub(name),
        bridge: driver === 'bridge' ? dockerBridge(name, text(network['Id']), options) : undefined,
        ...bypass(driver),
        subnets: blocks(list(fields(network['IPAM'])['Config']).map((config) => fields(config)['Subnet'])),
        routed: FAMILIES.filter((family) => isRouted(family, options)),
        sourceAddress: source,
        internal: network['Internal'] === true,
      },
    ];
  });
}

/** Reads podman's `GET /libpod/networks/json`: its Docker-compatible answer leaves the bridge out. */
export function readPodmanNetworks(answer: unknown): ContainerNetwork[] {
  return list(answer).flatMap((entry): ContainerNetwork[] => {
    const network = fields(entry);
    const name = text(network['name']);
    const driver = text(network['driver']);
    if (name === undefined || !isOwn(driver)) return [];
    const unmanaged = fields(network['options'])['mode'] === 'unmanaged'; // netavark then leaves the firewall alone.
    return [
      {
        engine: 'podman',
        name: scrub(name),
        bridge: driver === 'bridge' ? interfaceName(network['network_interface']) : undefined,
        ...bypass(driver),
        subnets: blocks(list(network['subnets']).map((subnet) => fields(subnet)['subnet'])),
        routed: unmanaged ? FAMILIES : [],
        sourceAddress: undefined,
        internal: network['internal'] === true,
      },
    ];
  });
}

function bypass(driver: string | undefined): Pick<ContainerNetwork, 'bypass'> {
  return driver === 'macvlan' || driver === 'ipvlan' ? { bypass: driver } : {};
}

const isOwn = (driver: string | undefined): boolean => driver === 'bridge' || bypass(driver).bypass !== undefined;

function dockerBridge(name: string, id: string | undefined, options: Fields): string | undefined {
  const given = interfaceName(options[`${BRIDGE}.name`]);
  if (given !== undefined) return given;
  if (name === 'bridge' || options[`${BRIDGE}.default_bridge`] === 'true') return 'docker0';
  return id !== undefined && /^[0-9a-f]{12,}$/.test(id) ? `br-${id.slice(0, 12)}` : undefined;
}

function interfaceName(value: unknown): string | undefined {
  const name = text(value);
  return name !== undefined && isInterfaceName(name) ? name : undefined;
}

function isRouted(family: Family, options: Fields): boolean {
  const masquerade = text(options[`${BRIDGE}.enable_ip_masquerade`]);
  return options[`${BRIDGE}.gateway_mode_${family}`] === 'routed' || NO.includes(masquerade?.toLowerCase() ?? '');
}

function blocks(values: readonly unknown[]): string[] {
  return values.flatMap((value) => readBlock(text(value) ?? '') ?? []);
}
