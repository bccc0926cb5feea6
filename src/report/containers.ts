import type { EngineDefaults } from '../observe/default-sysctls.ts';
import type { RootlessEngine } from '../observe/rootless.ts';
import { SETTINGS, valuesOf } from '../plan/container-sysctls.ts';
import type { AgentStatus } from '../reconcile/agent-status.ts';
import type { Survey } from '../reconcile/survey.ts';
import { scrub } from '../scrub.ts';

/** What status says of containers beyond the rules: the agent's part, and where the rules don't reach. */
export interface ContainerFacts {
  /** Undefined where no agent runs. */
  readonly agent: AgentStatus | undefined;
  readonly rootless: readonly RootlessEngine[];
  /** What engines give containers by their own configuration. */
  readonly defaults: readonly EngineDefaults[];
}

/** Who gives containers the range that they choose ports from. */
export interface NativeGivers {
  /** Whether the policy wants them to have one. */
  readonly wanted: boolean;
  readonly agent: boolean;
  /** Engines with a range in their own configuration, and whether it is the policy's. */
  readonly engines: readonly {
    readonly engine: EngineDefaults['engine'];
    readonly file: string;
    readonly range: string;
    readonly asPolicy: boolean;
  }[];
}

export function nativeGivers({ policy }: Pick<Survey, 'policy'>, facts: ContainerFacts): NativeGivers {
  const wanted = valuesOf(policy)?.range.replace('\t', ' ');
  return {
    wanted: wanted !== undefined,
    agent: wanted !== undefined && facts.agent !== undefined,
    engines: facts.defaults.flatMap(({ engine, file, sysctls }) => {
      const range = sysctls[SETTINGS.range];
      return range === undefined ? [] : [{ engine, file, range, asPolicy: range === wanted }];
    }),
  };
}

/** The givers in one line. */
export function nativeText({ wanted, agent, engines }: NativeGivers): string {
  const words = [
    ...(agent ? ['the agent'] : []),
    ...engines.map(
      ({ engine, file, range, asPolicy }) =>
        `${engine} itself${asPolicy ? '' : `, but ${scrub(range)}`} (${scrub(file)})`,
    ),
  ];
  if (words.length > 0) return `given by ${words.join('; ')}`;
  return wanted
    ? 'nobody gives containers the range: an agent would (portfence agent), or the engine (portfence native --print)'
    : 'the policy leaves containers to the kernel';
}

/** Networks whose containers bypass the host's netfilter; `native`: the agent's range reaches them. */
export function bypassing({ facts, policy }: Pick<Survey, 'facts' | 'policy'>, agent: AgentStatus | undefined) {
  return facts.networks.flatMap(({ engine, name, bypass }) =>
    bypass === undefined
      ? []
      : [{ engine, network: name, driver: bypass, native: agent !== undefined && policy.containers.native }],
  );
}

/** Engines that have been found, and whether they answer now. */
export function engineRows({ engines }: Pick<Survey, 'engines'>) {
  return engines.map(({ engine, socket, unreachable, remembered }) => ({
    engine,
    socket,
    answers: unreachable === undefined && !remembered,
  }));
}

/** The engines in one line. */
export function engineText(engines: ReturnType<typeof engineRows>): string {
  const words = engines.map(({ engine, socket, answers }) => `${engine} at ${socket}${answers ? '' : ' (silent)'}`);
  return words.join(', ') || 'none has a socket here';
}

/** One line for each network whose containers bypass the rules. */
export function bypassLines(networks: ReturnType<typeof bypassing>): readonly string[] {
  return networks.map(
    ({ engine, network, driver, native }) =>
      `${engine} network ${network} (${driver}): ${native ? "the agent's range reaches its containers" : 'nothing reaches its containers while no agent gives them the range'}`,
  );
}

/** One line for each rootless engine. */
export function rootlessLines(engines: readonly RootlessEngine[]): readonly string[] {
  return engines.map(({ engine, socket }) => `${engine} at ${socket}`);
}
