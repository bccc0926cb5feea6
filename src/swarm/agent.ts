import { createHash } from 'node:crypto';
import { nodeService, type Service, type ServiceOptions } from './service.ts';

/** What the agents are started with. */
export interface AgentOptions extends ServiceOptions {
  /** What goes before the names of configs; two stacks of one swarm have two. */
  readonly name: string;
  /** The policy file: where `docker stack deploy` finds it, and its text. */
  readonly policy?: { readonly file: string; readonly text: string } | undefined;
  /** Flags of the agent. */
  readonly args: readonly string[];
}

const POLICY = '/etc/portfence/policy.yaml';

/**
 * One agent a node, replaced node by node. A task that does not become healthy, or ends soon after, takes the update back; the
 * kernel holds the fence meanwhile.
 */
export function agentService({ policy, args, ...options }: AgentOptions): Service {
  const service = nodeService(options, {
    command: ['agent', ...(policy ? ['--policy', POLICY] : []), ...args],
    deploy: {
      // Without a delay the next node is begun before Swarm has noticed that a task failed.
      update_config: { parallelism: 1, order: 'stop-first', failure_action: 'rollback', monitor: '30s', delay: '5s' },
      // The way back never stops halfway: a task that fails on it is started again.
      rollback_config: { parallelism: 1, order: 'stop-first', failure_action: 'continue' },
      restart_policy: { condition: 'any', delay: '5s' },
    },
  });
  return {
    ...service,
    ...(policy ? { configs: [{ source: 'policy', target: POLICY }] } : {}),
    // Healthy is what this agent has read back from the kernel: the fence of the one before stands as well.
    healthcheck: {
      test: ['CMD', '/usr/bin/portfence', 'status', '--agent'],
      interval: '20s',
      timeout: '30s',
      retries: 3,
      start_period: '40s',
    },
    stop_grace_period: '15s',
  };
}

/** Docker changes no config: another text has another name, and the update that brings it can be taken back. */
export function policyConfig({ name, policy }: AgentOptions): Readonly<Record<string, unknown>> | undefined {
  if (!policy) return undefined;
  const digest = createHash('sha256').update(policy.text).digest('hex').slice(0, 12);
  return { name: `${name}-policy-${digest}`, file: policy.file };
}
