import type { BackendId } from '../../src/backends/backend.ts';
import type { HostFacts } from '../../src/plan/facts.ts';
import { hasPort, type PortSet } from '../../src/ports.ts';
import type { CorpusCase, CorpusFlow } from './corpus.ts';
import type { CorpusMachine, CorpusTestbed, SeenFlow, SentFlow } from './corpus-testbed.ts';

/** The policy that the flows are held to. */
export const CORPUS_PORTS: PortSet = [{ from: 49_152, to: 61_000 }];
/** Outside the range, and outside what the kernel chooses from. */
const CHOSEN = [20_000, 62_000] as const;

/** A flow of a case over one protocol. `sent` names the port that it is sent from, if not the kernel chooses it. */
export interface Trial {
  readonly flow: CorpusFlow;
  readonly sent: SentFlow;
}

/** A trial from a port of its own. */
export interface Way extends Trial {
  readonly trial: Trial;
}

/** Every flow over each of its protocols. */
export const trialsOf = ({ flows }: CorpusCase): readonly Trial[] =>
  flows.flatMap((flow) => flow.over.map((over): Trial => ({ flow, sent: sentOver(flow, over) })));

const sentOver = (flow: CorpusFlow, over: SentFlow['over']): SentFlow => ({
  over,
  to: flow.to,
  port: flow.port ?? (over === 'tcp' ? 443 : 3478),
  source: flow.source,
  localPort: flow.boundTo,
});

/** Each trial as it is; what is behind the host also from ports that programs chose, which differ from `round` to round. */
export function withChosenPorts(
  trials: readonly Trial[],
  machines: CorpusTestbed['machines'],
  round: number,
): readonly Way[] {
  return trials.flatMap((trial, i): readonly Way[] => {
    const asItIs = { ...trial, trial };
    if (machines.get(trial.flow.from)?.kind === 'host' || trial.flow.boundTo !== undefined) return [asItIs];
    const chosen = CHOSEN.map((first) => first + round * 100 + i);
    return [asItIs, ...chosen.map((localPort) => ({ ...asItIs, sent: { ...trial.sent, localPort } }))];
  });
}

/** How the other ends saw them, in their order; null without an answer. Held flows stay open until `cutAmong`. */
export async function sendAll(
  machines: CorpusTestbed['machines'],
  trials: readonly Trial[],
  options: { readonly hold: boolean },
): Promise<readonly (SeenFlow | null)[]> {
  const answers = new Map<Trial, SeenFlow | null>();
  await Promise.all(
    [...machines].map(async ([name, machine]: [string, CorpusMachine]) => {
      const own = trials.filter(({ flow }) => flow.from === name);
      const seen = await machine.send(
        own.map(({ sent }) => sent),
        options,
      );
      own.forEach((trial, i) => {
        answers.set(trial, seen[i] ?? null);
      });
    }),
  );
  return trials.map((trial) => answers.get(trial) ?? null);
}

/** Which connections from before no longer carry words. */
export async function cutAmong(
  machines: CorpusTestbed['machines'],
  trials: readonly Trial[],
): Promise<readonly string[]> {
  const cut = [...machines].map(async ([name, machine]) => {
    const alive = await machine.alive();
    const own = trials.filter(({ flow }) => flow.from === name);
    return own.filter((_, i) => !alive[i]).map((trial) => `${words(trial)}: the connection from before was cut`);
  });
  return (await Promise.all(cut)).flat();
}

const words = ({ flow, sent }: Trial): string => `${flow.from} ${sent.over} ${sent.to} ${sent.port}`;

export interface Seen {
  readonly before: SeenFlow | null | undefined;
  readonly after: SeenFlow | null | undefined;
  readonly machines: CorpusTestbed['machines'];
  /** Addresses of the host. */
  readonly hosts: readonly string[];
  /** Chains of which `status` says that flows are left to them. */
  readonly named: readonly string[];
}

/** What of the promise does not hold for a flow. */
export function faultsOf(trial: Trial, { before, after, machines, hosts, named }: Seen): readonly string[] {
  const { flow } = trial;
  if (!before) return [`${words(trial)}: no answer without the fence`];
  if (!after) return [`${words(trial)}: no answer`];
  if (after.address !== before.address || after.at !== before.at)
    return [`${words(trial)}: seen as ${after.address} by ${after.at}, before as ${before.address} by ${before.at}`];
  if (flow.unfollowed !== undefined) {
    return named.includes(flow.unfollowed) ? [] : [`${words(trial)}: ${flow.unfollowed} is not named`];
  }
  const kind = machines.get(flow.from)?.kind;
  const isOurs = kind === 'container' || kind === 'host' || hosts.includes(before.address);
  const leaves = machines.get(before.at)?.kind === 'outside';
  if (!leaves || !isOurs || flow.boundTo !== undefined || hasPort(CORPUS_PORTS, after.port)) return [];
  return [`${words(trial)}: port ${after.port} is out of range`];
}

/** The rules of the case; those of iptables in the variant of the backend. */
export async function loadRules({ host }: CorpusTestbed, { rules }: CorpusCase, backend: BackendId): Promise<void> {
  const variant = backend === 'iptables-legacy' ? 'legacy' : 'nft';
  const restore = (file: 'rules.save' | 'rules6.save', tool: string) => {
    const input = rules[file];
    return input === undefined ? '' : host.expect([`${tool}-${variant}-restore`], { input });
  };
  if (rules['sets.ipset'] !== undefined) {
    await host.run(['iptables-nft', '-t', 'nat', '-F']);
    await host.expect(['ipset', 'restore', '-exist'], { input: rules['sets.ipset'] });
  }
  await restore('rules.save', 'iptables');
  await restore('rules6.save', 'ip6tables');
  if (rules['rules.nft'] !== undefined) await host.expect(['nft', '-f', '-'], { input: rules['rules.nft'] });
  await host.run(['conntrack', '-F']);
}

/** All addresses of a host, without the lengths of their networks. */
export const hostAddresses = ({ links }: Pick<HostFacts, 'links'>): readonly string[] =>
  links.flatMap(({ addresses }) => addresses.map((one) => one.replace(/\/.*/, '')));
