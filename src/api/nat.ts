/** The source NAT that stands on a host, read from `iptables-save` and `nft --json list ruleset`, and a walk of a flow through it. */
export type { NatFlow } from '../nat/flow.ts';
export { readSavedRules, type SavedRules } from '../nat/iptables/read.ts';
export { type BaseChain, NO_NAT, ruleName, type StandingNat } from '../nat/model.ts';
export { readRuleset } from '../nat/nftables/read.ts';
export type { Decision } from '../nat/program.ts';
export { walk } from '../nat/walk.ts';
