import { availableParallelism, loadavg } from 'node:os';
import type { Summary } from '../statistics.ts';
import { machineVersions, toolVersion, type Versions } from '../versions.ts';
import { type FlowsResult, measureFlows } from './flows.ts';
import { kubeProxyRules, sourceNatRules } from './foreign-rules.ts';
import { measureLooks } from './looks.ts';

/** How many rules new connections meet, and how many a look has to read. */
export const RULES = { flows: 500, looks: 5000 } as const;
/** Times no fence, for a new connection. */
export const MOST_RATIO = 1.1;
/** Milliseconds for a look at the rules of kube-proxy. */
export const MOST_LOOK_MS = 100;

/** Who makes the rules. */
export const MAKERS = {
  'kube-proxy': { about: "kube-proxy's services, which source NAT asks for a mark", rules: kubeProxyRules },
  'source NAT': { about: 'a source address for each network, asked one after the other', rules: sourceNatRules },
} as const;
export type Maker = keyof typeof MAKERS;
const makers = Object.keys(MAKERS) as readonly Maker[];

/** What the rules of others cost. */
export interface StandingNatResult {
  readonly versions: Versions;
  readonly cores: number;
  /** Processes that wanted a processor in the last minute, the bench's own among them. */
  readonly load: number;
  readonly rounds: number;
  readonly flows: readonly (FlowsResult & { readonly maker: Maker })[];
  readonly looks: readonly { readonly maker: Maker; readonly rules: number; readonly look: Summary }[];
  readonly met: boolean;
}

interface Options {
  readonly rounds: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** About four minutes for 40 rounds. */
export async function benchStandingNat({ rounds, say, signal }: Options): Promise<StandingNatResult> {
  const versions = { ...(await machineVersions()), iptables: await toolVersion(['iptables', '--version']) };
  const flows: (FlowsResult & { maker: Maker })[] = [];
  const looks: { maker: Maker; rules: number; look: Summary }[] = [];
  for (const maker of makers) {
    say(`new connections through ${RULES.flows} rules: ${maker}`);
    const measured = await measureFlows(MAKERS[maker].rules(RULES.flows), { rounds, signal });
    flows.push(...measured.map((one) => ({ ...one, maker })));
  }
  for (const maker of makers) {
    for (const rules of [RULES.flows, RULES.looks]) {
      signal.throwIfAborted();
      say(`looks at ${rules} rules: ${maker}`);
      looks.push({ maker, rules, look: await measureLooks(MAKERS[maker].rules(rules), rounds) });
    }
  }
  const load = loadavg()[0] ?? 0;
  const met = [...flows.map(isCheap), ...looks.map(isFast)].every((one) => one !== false);
  return { versions, cores: availableParallelism(), load, rounds, flows, looks, met };
}

/** Whether a new connection is as cheap as promised; undefined where nothing is. */
export const isCheap = ({ what, ratio }: FlowsResult): boolean | undefined =>
  what === 'connection' ? ratio <= MOST_RATIO : undefined;

/** Whether the look is as promised; undefined where nothing is. */
export const isFast = ({ maker, look }: StandingNatResult['looks'][number]): boolean | undefined =>
  maker === 'kube-proxy' ? look.median < MOST_LOOK_MS : undefined;
