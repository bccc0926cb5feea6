import { readAddress } from '../addresses.ts';
import { type Family, PROTOCOLS, type Protocol } from '../ports.ts';
import type { NatListings } from './standing.ts';

/** A server that destination NAT leads to: its answers have to keep coming from its port. */
export interface DnatTarget {
  readonly address: string;
  readonly protocol: Protocol;
  readonly port: number;
  /** The port that is connected to, where the rule names one. */
  readonly outer?: number;
}

/** The servers of every rule that names an address and a port (Docker, CNI's portmap, kube-proxy). Never throws. */
export function dnatTargets({ saved, ruleset }: NatListings): readonly DnatTarget[] {
  const found = [...saved.flatMap(({ text, family }) => ofIptables(text, family)), ...ofNft(ruleset)];
  return [...new Map(found.map((one) => [`${one.address} ${one.protocol} ${one.port}`, one])).values()];
}

function ofIptables(text: string, family: Family): readonly DnatTarget[] {
  return text.split('\n').flatMap((line) => {
    if (!line.includes(' -j DNAT ')) return [];
    const protocol = PROTOCOLS.find((one) => line.includes(` -p ${one} `));
    const to = / -j DNAT .*--to-destination (\S+)/.exec(line)?.[1];
    const outer = / --dport (\d+) /.exec(line)?.[1];
    return protocol && to !== undefined ? target({ protocol, to, family, outer }) : [];
  });
}

interface Told {
  readonly protocol: Protocol;
  readonly to: string;
  readonly family: Family;
  readonly outer: string | undefined;
}

function target({ protocol, to, family, outer }: Told): readonly DnatTarget[] {
  const [, host, port] = (family === 'ipv4' ? /^([\d.]+):(\d+)$/ : /^\[([0-9a-f:.]+)\]:(\d+)$/i).exec(to) ?? [];
  const address = readAddress(host ?? '');
  if (address === undefined) return [];
  return [{ address, protocol, port: Number(port), ...(outer === undefined ? {} : { outer: Number(outer) }) }];
}

/** `{"dnat": {"addr": "172.29.0.2", "port": 80}}` in a rule that asks `tcp dport` (libnftables-json(5)). */
function ofNft(ruleset: string | undefined): readonly DnatTarget[] {
  if (ruleset === undefined) return [];
  const objects = fieldsOf(parsed(ruleset))['nftables'];
  return (Array.isArray(objects) ? objects : []).flatMap((object) => {
    const rule = fieldsOf(fieldsOf(object)['rule']);
    const statements = Array.isArray(rule['expr']) ? rule['expr'].map(fieldsOf) : [];
    const text = JSON.stringify(statements);
    const protocol = PROTOCOLS.find(
      (one) => text.includes(`"protocol":"${one}","field":"dport"`) || text.includes(`"right":"${one}"`),
    );
    return statements.flatMap((statement) => {
      const { addr, port } = fieldsOf(statement['dnat']);
      const address = typeof addr === 'string' ? readAddress(addr) : undefined;
      const outer = Number(/"field":"dport"\}\},"right":(\d+)\}/.exec(text)?.[1]);
      if (!protocol || address === undefined || typeof port !== 'number') return [];
      return [{ address, protocol, port, ...(outer > 0 ? { outer } : {}) }];
    });
  });
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
