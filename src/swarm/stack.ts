import { type AgentOptions, agentService, policyConfig } from './agent.ts';
import type { Part } from './parts.ts';
import { nodeService, type Service } from './service.ts';

/** A stack file (Compose 3.8), as `docker stack deploy` takes it. */
export interface Stack {
  readonly version: string;
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, unknown>>;
  readonly configs?: Readonly<Record<string, unknown>>;
}

/** The stack of a part; its one service is called like the part. */
export function stackOf(options: AgentOptions, part: Part): Stack {
  const service = part === 'agent' ? agentService(options) : cleanupService(options);
  const config = part === 'agent' ? policyConfig(options) : undefined;
  return literal({
    version: '3.8',
    services: { [part]: service },
    networks: { host: { external: true, name: 'host' } },
    ...(config ? { configs: { policy: config } } : {}),
  });
}

/** Takes the fence away on every node, and is complete there when nothing is left. */
const cleanupService = (options: AgentOptions): Service =>
  nodeService(options, {
    command: ['remove', '--wait'],
    deploy: { restart_policy: { condition: 'on-failure', delay: '5s' } },
  });

/** `docker stack deploy` puts variables into every text: a dollar sign is written twice. */
function literal<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_, one: unknown) =>
    typeof one === 'string' ? one.replaceAll('$', '$$$$') : one,
  );
}
