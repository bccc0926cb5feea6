import { observeBaseChains } from '../observe/base-chains.ts';
import { observeAllFlows } from '../observe/conntrack.ts';
import { type FullDestination, usedPorts } from '../observe/port-shortage.ts';
import type { Plan } from '../plan/plan.ts';
import { scrub } from '../scrub.ts';
import type { System } from '../system/system.ts';

/** What the checks need beyond what the survey knows. What can't be found out is empty or undefined. */
export interface HostSymptoms {
  /** BPF programs attached to uplinks. */
  readonly bpf: readonly { readonly link: string; readonly programs: readonly string[] }[];
  /** Rules that take packets out of connection tracking. */
  readonly notrack: readonly string[];
  readonly flowtables: readonly string[];
  /** Entries of conntrack's table, and how many it takes. */
  readonly conntrack: { readonly count: number; readonly max: number } | undefined;
  /** Network cards of EC2 whose allowance of tracked connections was exceeded. */
  readonly allowance: readonly { readonly link: string; readonly exceeded: number }[];
  readonly timeWaitS: number | undefined;
  /** The destinations towards which most ports are in use. */
  readonly busiest: readonly FullDestination[];
  readonly ipv6Forwarding: boolean;
  /** Running programs that choose source ports themselves. */
  readonly portChoosers: readonly string[];
  /** Tables as `FAMILY NAME`, chains as `FAMILY TABLE NAME`. */
  readonly chains: readonly string[];
}

/** Looks at the host. Changes nothing. Throws NOT_ROOT. */
export async function observeSymptoms(system: System, plan: Plan): Promise<HostSymptoms> {
  const uplinks = plan.uplinks.names.filter((name) => !name.endsWith('*'));
  const [bpf, ruleset, raw, count, max, allowance, timeWait, busiest, forwarding, portChoosers, chains] =
    await Promise.all([
      Promise.all(uplinks.map((link) => bpfPrograms(system, link))),
      output(system, ['nft', '-s', 'list', 'ruleset']),
      output(system, ['iptables-save', '-t', 'raw']),
      numberIn(system, '/proc/sys/net/netfilter/nf_conntrack_count'),
      numberIn(system, '/proc/sys/net/netfilter/nf_conntrack_max'),
      Promise.all(uplinks.map((link) => allowanceExceeded(system, link))),
      numberIn(system, '/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_time_wait'),
      busiestDestinations(system, plan),
      numberIn(system, '/proc/sys/net/ipv6/conf/all/forwarding'),
      runningPortChoosers(system),
      observeBaseChains(system).catch(() => undefined),
    ]);
  return {
    bpf: bpf.filter(({ programs }) => programs.length > 0),
    notrack: [...linesWith(ruleset, /\bnotrack\b/), ...linesWith(raw, /-j (?:NOTRACK|CT .*--notrack)/)],
    flowtables: linesWith(ruleset, /^\s*flowtable /),
    conntrack: count === undefined || max === undefined ? undefined : { count, max },
    allowance: allowance.filter(({ exceeded }) => exceeded > 0),
    timeWaitS: timeWait,
    busiest,
    ipv6Forwarding: forwarding === 1,
    portChoosers,
    chains: chainNames(chains),
  };
}

function chainNames(all: Awaited<ReturnType<typeof observeBaseChains>> | undefined): readonly string[] {
  const chains = [...(all?.baseChains ?? []), ...(all?.regularChains ?? [])];
  return [
    ...new Set(chains.flatMap(({ family, table, name }) => [`${family} ${table}`, `${family} ${table} ${name}`])),
  ];
}

async function output(system: System, argv: readonly [string, ...string[]]): Promise<string> {
  const done = await system.run(argv).catch(() => undefined);
  return done?.code === 0 ? done.stdout : '';
}

async function numberIn(system: System, path: string): Promise<number | undefined> {
  const text = await system.readText(path).catch(() => undefined);
  return text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : undefined;
}

const linesWith = (text: string, pattern: RegExp): readonly string[] =>
  text
    .split('\n')
    .filter((line) => pattern.test(line))
    .map((line) => scrub(line.trim()));

async function bpfPrograms(system: System, link: string) {
  const filters = await Promise.all(
    ['ingress', 'egress'].map(async (side) =>
      linesWith(
        await output(system, ['tc', 'filter', 'show', 'dev', link, side]),
        /\bbpf\b.*\b(?:direct-action|id \d+)/,
      ),
    ),
  );
  return { link, programs: filters.flat() };
}

/** A counter of the ENA driver (Amazon EC2, "Monitor network performance for ENA settings"). */
async function allowanceExceeded(system: System, link: string) {
  const text = await output(system, ['ethtool', '-S', link]);
  return { link, exceeded: Number(/conntrack_allowance_exceeded: (\d+)/.exec(text)?.[1] ?? 0) };
}

async function busiestDestinations(system: System, plan: Plan): Promise<readonly FullDestination[]> {
  const flows = await observeAllFlows(system).catch(() => undefined);
  return usedPorts(flows ?? [], plan.ranges).slice(0, 10);
}

const PORT_CHOOSERS: ReadonlySet<string> = new Set(['unbound', 'dnsmasq', 'pdns_recursor', 'named', 'kresd']);

async function runningPortChoosers(system: System): Promise<readonly string[]> {
  const pids = (await system.list('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const names = await Promise.all(pids.map((pid) => system.readText(`/proc/${pid}/comm`).catch(() => undefined)));
  return [...new Set(names.map((name) => name?.trim() ?? ''))].filter((name) => PORT_CHOOSERS.has(name)).sort();
}
