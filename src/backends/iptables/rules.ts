import type { Family } from '../../ports.ts';
import { clipped } from '../../scrub.ts';

/** The two implementations of iptables; their rules live apart from each other in the kernel. */
export const VARIANTS = ['nft', 'legacy'] as const;
export type Variant = (typeof VARIANTS)[number];

/**
 * Tables with a chain at postrouting. nat maps (priority 100); mangle comes before it (-150), so that the guard in it knows
 * the port that a connection leaves with from its second packet on only (netfilter_ipv4.h).
 */
export const TABLES = ['nat', 'mangle'] as const;
export type TableName = (typeof TABLES)[number];

/** Every chain of ours begins with this; the kernel takes 28 characters (XT_EXTENSION_MAXNAMELEN). */
const PREFIX = 'PORTFENCE';
export const ROOT = PREFIX;

export const chainName = (...parts: readonly (string | number)[]): string => [PREFIX, ...parts].join('-');

/** Whether a chain is one of ours, by its name. */
export const isOurs = (chain: string): boolean => chain === PREFIX || chain.startsWith(`${PREFIX}-`);

/** One rule in iptables' words, without its chain. */
export interface Rule {
  /** What it matches: `-o eth0`, `-p tcp -m tcp --sport 1:5`. */
  readonly match: readonly string[];
  /** The first word names the step, or the counter that this rule is. */
  readonly comment: string;
  /** `-j RETURN`, `-g CHAIN`; a rule without one counts and does nothing else. */
  readonly target: readonly string[];
}

export interface Chain {
  readonly name: string;
  readonly rules: readonly Rule[];
}

/** What we add to one table of one family; POSTROUTING jumps to ROOT first of all. */
export interface Table {
  readonly family: Family;
  readonly table: TableName;
  readonly chains: readonly Chain[];
}

export const JUMP = `-m comment --comment "portfence: before everybody else" -j ${ROOT}`;

/** The kernel keeps 255 bytes (XT_MAX_COMMENT_LEN) and the end. */
const LONGEST_COMMENT = 255;

export const commentText = (comment: string): string =>
  `-m comment --comment "${clipped(comment.replaceAll(/["\\]/g, "'"), LONGEST_COMMENT)}"`;

export const ruleText = ({ match, comment, target }: Rule): string =>
  [...match, commentText(comment), ...target].join(' ');
