import type { PortfenceError } from '../errors.ts';
import type { BaseChain } from '../observe/base-chains.ts';
import type { HostFacts } from '../plan/facts.ts';
import type { Plan } from '../plan/plan.ts';
import type { Argv, CommandResult, System } from '../system/system.ts';
import type { Drift } from './drift.ts';
import type { FenceListing } from './listing.ts';

export const BACKEND_IDS = ['nftables', 'iptables-nft', 'iptables-legacy'] as const;
export type BackendId = (typeof BACKEND_IDS)[number];

/** `iptables` is whichever variant the host's own command is. */
export const BACKEND_REQUESTS = ['auto', 'iptables', ...BACKEND_IDS] as const;
export type BackendRequest = (typeof BACKEND_REQUESTS)[number];

/** Lines that one program takes on its standard input; `test` asks it whether it would. */
export interface Part {
  /** The program's name, for messages. */
  readonly tool: string;
  readonly commit: Argv;
  /** The same with fewer processes (3 ms instead of 10, measured), where the program may be unable to open its input. */
  readonly quickCommit?: Argv;
  readonly test: Argv;
  readonly lines: readonly string[];
  /** What the program said when it refused, in words, our lines beside it. */
  refusal(done: CommandResult): PortfenceError;
}

/** One way to hold a plan in the kernel. Everything here reads or is pure; sending is the business of `apply`. */
export interface Backend {
  readonly id: BackendId;
  /** What is there of ours; undefined for nothing. Throws what its program's absence or refusal throws. */
  observe(system: System): Promise<FenceListing | undefined>;
  /** The lines that make the plan true where nothing of ours is. */
  creation(plan: Plan, facts: HostFacts): readonly string[];
  /** The same lines as this kernel understands them, learnt in an empty network namespace. Throws KERNEL_REFUSED, TOOL_MISSING. */
  wanted(system: System, creation: readonly string[]): Promise<FenceListing>;
  drift(wanted: FenceListing, present: FenceListing | undefined): readonly Drift[];
  /** Whether what comes and goes (ports of sockets, subnets of containers) is other by now: no drift, but brought up to date. */
  isOutdated(wanted: FenceListing, present: FenceListing): boolean;
  /** The lines that put a creation in the place of what is there; `wanted` spares what is right already. */
  replacement(creation: readonly string[], present: FenceListing | undefined, wanted?: FenceListing): readonly string[];
  deletion(present: FenceListing): readonly string[];
  /**
   * The fast way back to a creation that somebody has disturbed: what can be told without asking the kernel what it makes of
   * the rules. Empty where nothing looks disturbed; nftables sends at once, and its lines are refused where the table is there.
   */
  repair(system: System, creation: readonly string[]): Promise<readonly string[]>;
  /** The lines that leave nothing but a rule that carries mapped connections to their end. */
  draining(present: FenceListing): readonly string[];
  parts(lines: readonly string[]): readonly Part[];
  /** The chains of which nothing of the fence is left to do when they are gone. */
  layers(present: FenceListing | undefined): { readonly confine: boolean; readonly guard: boolean };
  /** Whether a nat chain at postrouting is the one that our own rules stand in, and nobody else's mapping does. */
  ownsNat(chain: BaseChain, present: FenceListing): boolean;
  /** Whether a nat chain of somebody else's gets packets before our rules do. */
  comesAfter(chain: BaseChain): boolean;
  /** What this way can't promise, one sentence each. */
  limits(plan: Plan): readonly string[];
}
