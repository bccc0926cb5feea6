import type { Cidr } from '../addresses.ts';
import { FAMILIES, type PortRange, type PortSet, PROTOCOLS, portSet } from '../ports.ts';
import type { Reading } from './finding.ts';
import type { Policy } from './policy.ts';
import { readPolicyBlock } from './rules/block-text.ts';
import { LOWEST_ALLOWED, LOWEST_EXEMPT } from './rules/ports.ts';
import { readPolicyRange } from './rules/range-text.ts';
import type { AclPorts, PolicyShape } from './schema.ts';
import { isAclPorts } from './schema.ts';

/** The policy that a checked shape means. Protocols and families come in one order, so that equal policies are equal data. Throws TypeError for an unchecked one, or where ports of a network ACL are not given. */
export function buildPolicy(shape: PolicyShape, aclPorts?: PortSet): Policy {
  const { version, ports, protocols, families, uplinks, exempt, host, hostRange, containers, forwarded, guard } = shape;
  const { listen } = shape;
  return {
    version,
    ports: isAclPorts(ports) ? found(aclPorts) : portsOf(ports, LOWEST_ALLOWED),
    protocols: PROTOCOLS.filter((protocol) => protocols.includes(protocol)),
    families: FAMILIES.filter((family) => families.includes(family)),
    uplinks,
    exempt: {
      destinations: exempt.destinations.map(blockOf),
      sourcePorts: portsOf(exempt.sourcePorts, LOWEST_EXEMPT),
    },
    host,
    hostRange,
    containers: { ...containers, routed: containers.routed === 'auto' ? 'auto' : containers.routed.map(blockOf) },
    forwarded,
    guard,
    ...(listen === undefined ? {} : { listen }),
  };
}

function found(aclPorts: PortSet | undefined): PortSet {
  if (aclPorts !== undefined && aclPorts.length > 0) return aclPorts;
  throw new TypeError('built without the ports of the network ACL');
}

function portsOf(written: Exclude<PolicyShape['ports'], AclPorts>, lowest: number): PortSet {
  return portSet(...[written].flat().map((item): PortRange => readingValue(readPolicyRange(String(item), lowest))));
}

function blockOf(text: string): Cidr {
  return readingValue(readPolicyBlock(text));
}

function readingValue<T>(reading: Reading<T>): T {
  if ('value' in reading) return reading.value;
  throw new TypeError(`built from an unchecked policy: ${reading.fault.message}`);
}
