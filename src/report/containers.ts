import type { Kept } from '../agent/native/native.ts';
import type { AgentReport } from '../agent/report.ts';
import type { RootlessEngine } from '../observe/rootless.ts';
import type { Survey } from '../survey/survey.ts';

/** What status tells of containers beyond the rules: the agent's part, and where the rules don't reach. */
export interface ContainerFacts {
  /** Undefined where no agent runs. */
  readonly agent: AgentReport | undefined;
  readonly rootless: readonly RootlessEngine[];
}

/** Networks whose containers bypass the host's netfilter; `native`: the agent's range reaches them. */
export function bypassing({ facts, policy }: Pick<Survey, 'facts' | 'policy'>, agent: AgentReport | undefined) {
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

export function engineText(engines: ReturnType<typeof engineRows>): string {
  const words = engines.map(({ engine, socket, answers }) => `${engine} at ${socket}${answers ? '' : ' (silent)'}`);
  return words.join(', ') || 'none has a socket here';
}

export function agentLines(agent: AgentReport | undefined): readonly string[] {
  if (!agent) return [];
  const { given, kept } = agent.native;
  return [
    '',
    `agent: running (pid ${agent.pid}), ${given} containers have the range of the policy, mended ${agent.healed} times`,
    ...kept.map((one) => `  ${keptText(one)}`),
  ];
}

function keptText({ path, container, settings, refused }: Kept): string {
  const values = Object.entries(settings).map(([key, value]) => `${key} '${value}'`);
  const reason = refused ? 'the kernel refused the value of the policy' : 'somebody chose it';
  return `${container ?? path} keeps ${values.join(' and ')}: ${reason}`;
}

export function bypassLines(networks: ReturnType<typeof bypassing>): readonly string[] {
  return networks.map(
    ({ engine, network, driver, native }) =>
      `${engine} network ${network} (${driver}): ${native ? "the agent's range reaches its containers" : 'nothing reaches its containers while no agent gives them the range'}`,
  );
}

export function rootlessLines(engines: readonly RootlessEngine[]): readonly string[] {
  return engines.map(({ engine, socket }) => `${engine} at ${socket}`);
}
