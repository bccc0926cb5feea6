import { readBlock } from '../addresses.ts';
import { fields, list, text } from '../observe/untrusted.ts';
import { FAMILIES, type Family, type PortSet, PROTOCOLS, type Protocol, parsePorts } from '../ports.ts';

/** What decides the source ports of a host, as its agent says. */
export interface PortsInUse {
  /** The allowed ports; undefined where the host has no fence. */
  readonly fenced: PortSet | undefined;
  readonly protocols: readonly Protocol[];
  readonly families: readonly Family[];
  /** Destinations that the fence leaves alone. */
  readonly exempt: readonly string[];
  /** What the kernel hands out where the fence leaves connections alone. */
  readonly plain: PortSet;
  /** Addresses of the uplinks, with prefix length. */
  readonly addresses: readonly string[];
}

/** Reads `/api/status` for the ports that a host uses; undefined where it does not tell, as agents of older versions. */
export function readPortsInUse(document: unknown): PortsInUse | undefined {
  const status = fields(document);
  const policy = fields(status['policy']);
  const [ports, plain] = [portsOf(policy['ports']), portsOf(policy['plainPorts'])];
  if (!ports || !plain) return undefined;
  const words = (key: string): readonly string[] => list(policy[key]).flatMap((one) => text(one) ?? []);
  const [protocols, families] = [words('protocols'), words('families')];
  return {
    fenced: status['state'] === 'removed' ? undefined : ports,
    protocols: PROTOCOLS.filter((one) => protocols.includes(one)),
    families: FAMILIES.filter((one) => families.includes(one)),
    exempt: words('exempt').flatMap((one) => readBlock(one) ?? []),
    plain,
    addresses: words('addresses').filter((one) => readBlock(one) !== undefined),
  };
}

function portsOf(value: unknown): PortSet | undefined {
  const words = list(value);
  if (words.length === 0 || !words.every((one) => typeof one === 'string')) return undefined;
  try {
    return parsePorts(words.join(','));
  } catch {
    return undefined;
  }
}
