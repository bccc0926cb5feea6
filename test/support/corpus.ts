import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BackendId } from '../../src/backends/backend.ts';
import type { Protocol } from '../../src/ports.ts';

/**
 * NAT rules as hosts carry them. Each folder is a case: `case.json` tells who makes such rules, the host and its flows; the rules
 * are `rules.save` and `rules6.save` for iptables-restore(8), `rules.nft` for nft(8), `sets.ipset` for ipset(8).
 */
const CORPUS = fileURLToPath(new URL('../nat/corpus/', import.meta.url));

/** A machine behind the host, `container` where the fence is about all that it sends. */
interface Machine {
  readonly kind: 'container' | 'guest';
  /** The host's end of its veth. */
  readonly link?: string;
  readonly addresses: readonly string[];
}

interface Segment {
  readonly addresses: readonly string[];
  readonly machines?: Readonly<Record<string, Machine>>;
}

export interface CorpusHost {
  /** The peer has host number 1 of each network; `port` makes the uplink a bridge with this interface in it. */
  readonly uplinks: Readonly<
    Record<
      string,
      Segment & { readonly more?: readonly string[]; readonly isDefault?: boolean; readonly port?: string }
    >
  >;
  readonly bridges?: Readonly<Record<string, Segment>>;
  /** Machines that single addresses are routed to, each over a link of its own. */
  readonly routed?: Readonly<Record<string, Machine & { readonly link: string }>>;
  readonly dummies?: Readonly<Record<string, readonly string[]>>;
  /** Machines behind the peer. */
  readonly beyond?: Readonly<Record<string, readonly string[]>>;
  /** More addresses of the peer's servers. */
  readonly servers?: readonly string[];
  /** Lines for `ip -batch`, on the host and on the peer. */
  readonly ip?: readonly string[];
  readonly peerIp?: readonly string[];
}

/** Who talks to whom. `unfollowed` names the chain whose rules can't be followed, so that the port may be any. */
export interface CorpusFlow {
  readonly from: string;
  readonly over: readonly Protocol[];
  readonly to: string;
  readonly port?: number;
  readonly source?: string;
  readonly boundTo?: number;
  readonly unfollowed?: string;
}

export interface CorpusCase {
  readonly name: string;
  readonly about: string;
  readonly source: string;
  /** Backends whose rules can come before those of the case; all where it is missing. */
  readonly backends?: readonly BackendId[];
  readonly host: CorpusHost;
  readonly flows: readonly CorpusFlow[];
  readonly rules: Readonly<Record<RulesFile, string | undefined>>;
}

const RULES_FILES = ['rules.save', 'rules6.save', 'rules.nft', 'sets.ipset'] as const;
type RulesFile = (typeof RULES_FILES)[number];

/** All cases, by name. */
export function corpus(): readonly CorpusCase[] {
  return readdirSync(CORPUS)
    .toSorted()
    .map((name) => {
      const files = readdirSync(`${CORPUS}${name}`);
      const text = (file: string) =>
        files.includes(file) ? readFileSync(`${CORPUS}${name}/${file}`, 'utf8') : undefined;
      const told = JSON.parse(text('case.json') ?? '{}') as Omit<CorpusCase, 'name' | 'rules'>;
      const rules = Object.fromEntries(RULES_FILES.map((file) => [file, text(file)])) as CorpusCase['rules'];
      return { ...told, name, rules };
    });
}
