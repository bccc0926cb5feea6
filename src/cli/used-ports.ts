import type { Command } from 'commander';
import { familyOf } from '../acl/address-block.ts';
import { PROTOCOL_NUMBERS, type Service } from '../acl/services.ts';
import { blockHas } from '../addresses.ts';
import { presentFences } from '../backends/fences.ts';
import { PortfenceError } from '../errors.ts';
import { observeSysctls } from '../observe/sysctls.ts';
import type { Policy } from '../policy/policy.ts';
import { type PortRange, type PortSet, PROTOCOLS, parsePorts, portsText, subtract } from '../ports.ts';
import { NO_STATE, readState, type State, stateFolder } from '../reconcile/state.ts';
import type { System } from '../system/system.ts';
import type { Context } from './context.ts';
import { policySource } from './policy-flags.ts';

/** The flags of `withUsedPorts`, as commander gives them. */
export interface UsedOptions {
  readonly policy?: string;
  readonly ports?: string;
}

/** Adds the flags that say which ports are in use. */
export function withUsedPorts(command: Command): Command {
  return command
    .option(
      '--ports <ranges>',
      "the ports of a fence to hold against the ACL (default: those of the running fence, else the host's own)",
    )
    .option('--policy <file>', 'the ports, protocols and exemptions of this policy instead');
}

/** Which source ports connections leave with. */
export interface UsedPorts {
  readonly source: 'policy' | 'fence' | 'host';
  /** The allowed ports of the policy or of the running fence; none without. */
  readonly fenced: PortSet | undefined;
  /** What the kernel hands out by itself where no fence is. */
  readonly plain: PortSet;
  /** Where the ports come from, in words. */
  readonly words: string;
  by(way: { readonly service: Service; readonly peer: { readonly cidr: string } }): PortSet;
  /** What `by` leaves out about these peers: parts of them that the fence leaves alone. */
  notes(peers: readonly { readonly cidr: string }[]): readonly string[];
}

/** Those of the policy that the flags name, else of the running fence, else the host's plain range. */
export async function usedPorts(context: Context, options: UsedOptions): Promise<UsedPorts> {
  const { system } = context;
  const { policy: file, ports } = options;
  const state = await rememberedState(context);
  const plain = await plainPorts(system, state);
  if (file !== undefined || ports !== undefined) {
    const named = { ...(file === undefined ? {} : { policy: file }), ...(ports === undefined ? {} : { ports }) };
    const policy = (await policySource(context, named, { applied: false }))();
    return fencedPorts(policy, { source: 'policy', plain, name: ports === undefined ? 'the policy' : '--ports' });
  }
  if (state.wanted && (await isThere(context)))
    return fencedPorts(state.wanted.policy, { source: 'fence', plain, name: 'the running fence' });
  return plainUse(plain);
}

/** The ports of a host without a fence. */
export const plainUse = (plain: PortSet): UsedPorts => ({
  source: 'host',
  fenced: undefined,
  plain,
  words: `the host's own ip_local_port_range, ${portsText(plain, ', ')}`,
  by: () => plain,
  notes: () => [],
});

const MOST_LISTED = 3;

/** The ports under a policy, of which only what decides them has to be known. */
export function fencedPorts(
  policy: Pick<Policy, 'ports' | 'protocols' | 'families'> & {
    readonly exempt: Pick<Policy['exempt'], 'destinations'>;
  },
  { source, plain, name }: { source: 'policy' | 'fence'; plain: PortSet; name: string },
): UsedPorts {
  const words = `${name}, ${portsText(policy.ports, ', ')}`;
  const by: UsedPorts['by'] = ({ service, peer: { cidr } }) => {
    const protocol = PROTOCOLS.find((one) => PROTOCOL_NUMBERS[one] === service.protocol);
    const fences =
      protocol !== undefined && policy.protocols.includes(protocol) && policy.families.includes(familyOf(cidr));
    const exempt = policy.exempt.destinations.some((block) => holdsBlock(block, cidr));
    return fences && !exempt ? policy.ports : plain;
  };
  const notes: UsedPorts['notes'] = (peers) => {
    const inside = policy.exempt.destinations.filter(
      (block) => peers.some(({ cidr }) => holdsBlock(cidr, block)) && !peers.some(({ cidr }) => cidr === block),
    );
    if (inside.length === 0) return [];
    const more = inside.length > MOST_LISTED ? ` and ${inside.length - MOST_LISTED} more` : '';
    const blocks = `${inside.slice(0, MOST_LISTED).join(', ')}${more}`;
    return [`${blocks}: exempt, so the host's own ports are used there, which --peer with that block asks about`];
  };
  return { source, fenced: policy.ports, plain, words, by, notes };
}

const prefix = (cidr: string): number => Number(cidr.split('/')[1]);
const holdsBlock = (outer: string, inner: string): boolean => prefix(outer) <= prefix(inner) && blockHas(outer, inner);

/** The range that connections leave with, where it is one. */
export function rangeInUse({ fenced, plain }: UsedPorts): PortRange | undefined {
  const [only, ...more] = fenced ?? plain;
  return more.length > 0 ? undefined : only;
}

/** Without the privilege to read it there is nothing to remember, and that is said. */
async function rememberedState({ system, say }: Context): Promise<State> {
  try {
    return await readState(system, await stateFolder(system));
  } catch (error) {
    if (!(error instanceof PortfenceError) || error.errno !== 'EACCES') throw error;
    say('note: whether a fence is running can not be read (run it as root): the host is taken to have none');
    return NO_STATE;
  }
}

async function isThere({ system, say }: Context): Promise<boolean> {
  const there = (await presentFences(system)).length > 0;
  if (!there) say('note: the fence of the last apply is not in the kernel (portfence status tells more)');
  return there;
}

const PORT_RANGE = 'net.ipv4.ip_local_port_range';

async function plainPorts(system: System, { before }: State): Promise<PortSet> {
  const { localPortRange, reservedPorts } = await observeSysctls(system);
  const [from, to] = (before[PORT_RANGE] ?? '').split(/\s+/).map(Number);
  const range: PortRange = from && to ? { from, to } : localPortRange;
  const saved = before['net.ipv4.ip_local_reserved_ports'];
  return subtract([range], saved === undefined ? reservedPorts : parsePorts(saved));
}
