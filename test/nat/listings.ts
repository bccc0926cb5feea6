import type { NatFlow } from '../../src/nat/flow.ts';

/** A container's connection to a web server. */
export const FLOW: NatFlow = {
  family: 'ipv4',
  protocol: 6,
  source: '10.1.0.2',
  sourcePort: 40_000,
  destination: '203.0.113.10',
  destinationPort: 443,
  arrived: 'docker0',
  leaves: 'eth0',
  types: {
    source: { anywhere: 'unicast', onLeaving: 'unicast' },
    destination: { anywhere: 'unicast', onLeaving: 'unicast' },
  },
  states: ['new'],
};

/** The nat table of one variant for IPv4: rules of POSTROUTING, or of another chain where they begin with `-A`. */
export function saved(backend: 'iptables-nft' | 'iptables-legacy', ...rules: readonly string[]) {
  const lines = rules.map((rule) => (rule.startsWith('-A') ? rule : `-A POSTROUTING ${rule}`));
  return {
    backend,
    family: 'ipv4',
    text: ['*nat', ':POSTROUTING ACCEPT [0:0]', ...lines, 'COMMIT', ''].join('\n'),
  } as const;
}

export type Json = Readonly<Record<string, unknown>>;

export interface Table {
  readonly family: string;
  readonly name: string;
  readonly handle: number;
  readonly flags?: string;
  readonly priority?: number;
  readonly policy?: 'accept' | 'drop';
  /** The rules of the base chain, each as a list of statements. */
  readonly rules: readonly (readonly Json[])[];
  /** Those of other chains. */
  readonly chains?: Readonly<Record<string, readonly (readonly Json[])[]>>;
  readonly sets?: Readonly<Record<string, Json>>;
}

/** Tables as `nft -j list ruleset` shows them, each with one base chain. */
export const listing = (...tables: readonly Table[]): string =>
  JSON.stringify({ nftables: tables.flatMap(tableObjects) });

function tableObjects(told: Table): readonly Json[] {
  const { family, name: table, handle, flags, priority = 100, policy = 'accept', rules, chains = {}, sets = {} } = told;
  const base = { type: 'nat', hook: 'postrouting', prio: priority, policy };
  const all = Object.entries({ POSTROUTING: rules, ...chains });
  return [
    { table: { family, name: table, handle, ...(flags ? { flags } : {}) } },
    ...Object.entries(sets).map(([name, set]) => ({ set: { family, table, name, ...set } })),
    ...all.map(([name], i) => ({ chain: { family, table, name, handle: i + 1, ...(i === 0 ? base : {}) } })),
    ...all.flatMap(([chain, list]) => list.map((expr) => ({ rule: { family, table, chain, expr } }))),
  ];
}

const payload = (protocol: string, field: string): Json => ({ payload: { protocol, field } });
const meta = (key: string): Json => ({ meta: { key } });
const match = (left: unknown, right: unknown, op = '=='): Json => ({ match: { op, left, right } });

/** Statements and expressions in nft's JSON. */
export const nft = {
  match,
  meta,
  payload,
  saddr: (right: unknown, op?: string) => match(payload('ip', 'saddr'), right, op),
  mark: (right: number, op?: string) => match(meta('mark'), right, op),
  setMark: (value: unknown): Json => ({ mangle: { key: meta('mark'), value } }),
  masquerade: { masquerade: null } as Json,
  snat: (addr: string): Json => ({ snat: { addr } }),
  jump: (target: string): Json => ({ jump: { target } }),
  accept: { accept: null } as Json,
};
