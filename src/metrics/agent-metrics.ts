import type { FlowState } from '../flows/watch-flows.ts';
import { AGENT_STATES, type AgentStatus } from '../reconcile/agent-status.ts';
import type { PolicyInForce } from '../reconcile/policy-in-force.ts';
import type { Family } from './exposition.ts';
import { counter, gauge, one } from './family.ts';
import { flowMetrics } from './flow-metrics.ts';

/** What the metrics are made from. */
export interface Measured {
  readonly version: string;
  readonly status: AgentStatus;
  readonly policy: PolicyInForce | undefined;
  readonly flows: FlowState | undefined;
  readonly cost: OwnCost;
}

/** What the agent's own process costs. */
export interface OwnCost {
  readonly residentBytes: number;
  /** Of the processor, user and system together. */
  readonly cpuSeconds: number;
}

/** Every metric of an agent. Pure; at most some hundred series, whatever the host does. */
export function agentMetrics(measured: Measured): readonly Family[] {
  const { status, policy, flows, cost } = measured;
  return [
    gauge('portfence_build_info', 'The version that runs; always 1.', [
      { labels: { version: measured.version }, value: 1 },
    ]),
    gauge(
      'portfence_policy_info',
      'The policy in force: a digest that equal policies share, and the allowed ports; always 1.',
      policy ? [{ labels: { digest: policy.digest, ports: policy.ports.join(',') }, value: 1 }] : [],
    ),
    ...stateMetrics(status),
    ...packetMetrics(status),
    ...flowMetrics(flows),
    one('process_start_time_seconds', 'When the agent started, in seconds since the epoch.', status.since / 1000),
    one('process_resident_memory_bytes', 'Memory that the agent uses.', cost.residentBytes),
    counter('process_cpu_seconds', "The processor's time that the agent used, in seconds.", cost.cpuSeconds),
  ];
}

function stateMetrics(status: AgentStatus): readonly Family[] {
  const { native, sources } = status;
  const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000);
  return [
    gauge(
      'portfence_agent_state',
      'The state of the agent: 1 for the one that it is in.',
      AGENT_STATES.map((state) => ({ labels: { state }, value: state === status.state ? 1 : 0 })),
    ),
    one('portfence_in_sync', 'Whether the kernel was read back as planned.', status.state === 'inSync' ? 1 : 0),
    one(
      'portfence_last_success_timestamp_seconds',
      'When the kernel was last read back as planned.',
      seconds(status.lastSuccess),
    ),
    one(
      'portfence_last_look_timestamp_seconds',
      'When the agent last ended a look, whatever it found.',
      seconds(status.checkedAt),
    ),
    one('portfence_drift_differences', 'How many differences from the plan the last look found.', status.drift.length),
    counter('portfence_restored', 'How often the kernel had to be changed back.', status.healed),
    counter('portfence_looks', 'Whole looks at the host.', status.looks),
    one('portfence_native_namespaces', 'Network namespaces that have the allowed range as their own.', native.given),
    one('portfence_native_kept_namespaces', 'Network namespaces that keep settings of their own.', native.kept.length),
    gauge(
      'portfence_event_source_up',
      'Whether an event source reports events; one that does not exist here has no sample.',
      sources
        .filter(({ health }) => health !== 'absent' && health !== 'asleep')
        .map(({ name, health }) => ({ labels: { source: name }, value: health === 'up' ? 1 : 0 })),
    ),
  ];
}

const PACKETS = [
  ['confined', 'portfence_confined_packets', 'First packets that were mapped into the range.'],
  ['leaked', 'portfence_leaked_packets', 'First packets that left out of range.'],
  [
    'preexisting',
    'portfence_preexisting_packets',
    'Packets out of range of connections that are older than the fence.',
  ],
  ['leftAlone', 'portfence_left_alone_packets', 'Packets out of range that the policy leaves alone.'],
  ['unfollowed', 'portfence_unfollowed_packets', "Packets out of range that were left to another's NAT rule."],
  ['untranslated', 'portfence_untranslated_packets', "Packets that left with a container's own address."],
  ['untracked', 'portfence_untracked_packets', 'Packets out of range that conntrack does not know.'],
] as const;

function packetMetrics({ counters }: AgentStatus): readonly Family[] {
  return PACKETS.map(([key, name, help]) => counter(name, help, counters?.[key]));
}
