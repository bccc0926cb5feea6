import { refused } from '../observe/ask.ts';
import { readNftObjects } from '../observe/nft-objects.ts';
import { type Fields, integer, list, text } from '../observe/untrusted.ts';
import type { Family } from '../ports.ts';
import { scrub } from '../scrub.ts';
import type { System } from '../system/system.ts';
import { elementText, jsonText } from './nftables/element.ts';

export interface FenceRule {
  readonly comment?: string;
  /** nft's statements (libnftables-json(5)). */
  readonly expr: readonly unknown[];
  readonly handle: number;
  /** What the rule has counted, where rules count by themselves (iptables). */
  readonly count?: { readonly packets: number; readonly bytes: number };
}

export interface FenceChain {
  readonly name: string;
  readonly base?: {
    readonly type: string;
    readonly hook: string;
    readonly priority: number;
    readonly policy: string | undefined;
  };
  readonly rules: readonly FenceRule[];
}

export interface FenceSet {
  readonly name: string;
  /** nft's type, parts of a concatenation joined by ` . `. */
  readonly type: string;
  readonly flags: readonly string[];
  /** As nft writes them: `10.0.0.0/8`, `ens*`, `172.17.0.2 . tcp . 80`; time-outs and comments left out. None of a set that rules fill. */
  readonly elements: readonly string[];
}

/** Exact up to 2^53. */
export interface FenceCounter {
  readonly name: string;
  readonly packets: number;
  readonly bytes: number;
}

/** What is ours in the kernel: the table `inet portfence` in nft's order, or our chains in iptables' tables. */
export interface FenceListing {
  readonly chains: readonly FenceChain[];
  readonly sets: readonly FenceSet[];
  readonly counters: readonly FenceCounter[];
  /** Objects of kinds that portfence never makes: `map NAME`, `quota NAME`, ... */
  readonly others: readonly string[];
  /** Families in which others have mappings in the same nat table (iptables). */
  readonly foreignNat?: readonly Family[];
}

/** Undefined where there is no such table. Throws NOT_ROOT, TOOL_MISSING or SYSTEM. */
export async function observeFence(system: System): Promise<FenceListing | undefined> {
  const argv = ['nft', '-j', 'list', 'table', 'inet', 'portfence'] as const;
  const done = await system.run(argv);
  if (done.code === 0) return readFence(done.stdout);
  if (done.code !== 127 && /^Error: No such file or directory/m.test(done.stderr)) return undefined;
  throw refused(argv, done);
}

/** Reads `nft -j list table inet portfence`. Throws PortfenceError SYSTEM for what is no nft listing. */
export function readFence(json: string): FenceListing {
  const objects = readNftObjects(json);
  const named = (kind: string) =>
    objects.flatMap(([its, object]): { name: string; object: Fields }[] => {
      const name = text(object['name']);
      return its === kind && name !== undefined ? [{ name: scrub(name), object }] : [];
    });
  const rules = objects.filter(([kind]) => kind === 'rule').map(([, rule]) => rule);
  return {
    chains: named('chain').map(({ name, object }) => ({
      name,
      ...base(object),
      rules: rules.filter((rule) => rule['chain'] === object['name']).map(readRule),
    })),
    sets: named('set').map(({ name, object }) => ({
      name,
      type: typeText(object['type']),
      flags: texts(object['flags']),
      elements: isDynamic(object) ? [] : list(object['elem']).map((element) => elementText(element)),
    })),
    counters: named('counter').map(({ name, object }) => ({
      name,
      packets: unsigned(object['packets']),
      bytes: unsigned(object['bytes']),
    })),
    others: objects.flatMap(([kind, object]) => {
      const known = ['metainfo', 'table', 'chain', 'rule', 'set', 'counter'].includes(kind);
      return known ? [] : [scrub(`${kind} ${text(object['name']) ?? ''}`.trim())];
    }),
  };
}

/** By the name of a set in such a listing, what it holds at this moment, also where rules fill it. Throws as readFence. */
export function readHeld(json: string): ReadonlyMap<string, readonly string[]> {
  return new Map(
    readNftObjects(json).flatMap(([kind, object]) => {
      const name = text(object['name']);
      if (kind !== 'set' || name === undefined) return [];
      return [[name, list(object['elem']).map((element) => elementText(element))] as const];
    }),
  );
}

/** Whether rules fill the set, so that its elements belong to no plan. nft before 1.1 does not list the flag of every such set. */
const isDynamic = (set: Fields): boolean =>
  texts(set['flags']).some((flag) => flag === 'timeout' || flag === 'dynamic');

function base(chain: Fields): Pick<FenceChain, 'base'> {
  const [type, hook, priority] = [text(chain['type']), text(chain['hook']), integer(chain['prio'])];
  if (type === undefined || hook === undefined || priority === undefined) return {};
  return { base: { type, hook, priority, policy: text(chain['policy']) } };
}

function readRule(rule: Fields): FenceRule {
  const comment = text(rule['comment']);
  return {
    ...(comment === undefined ? {} : { comment: scrub(comment) }),
    expr: list(rule['expr']),
    handle: integer(rule['handle']) ?? 0,
  };
}

/** One word, or a list of them: nft 1.1 writes a single flag without the brackets. */
function texts(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'string').sort();
}

function typeText(type: unknown): string {
  const word = (part: unknown) => (typeof part === 'string' ? scrub(part) : jsonText(part));
  return Array.isArray(type) ? type.map(word).join(' . ') : word(type);
}

/** nft 1.0.6 writes numbers from 2^63 up as negative ones. */
function unsigned(value: unknown): number {
  const number = integer(value) ?? 0;
  return number < 0 ? number + 2 ** 64 : number;
}
