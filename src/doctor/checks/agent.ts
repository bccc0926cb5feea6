import type { DoctorCheck, DoctorFinding } from '../check.ts';

/** Whether the fence is kept, and everything is as planned. */
export const agentChecks: readonly DoctorCheck[] = [
  {
    name: 'not-as-planned',
    find: ({ fence }) =>
      fence.enforced
        ? []
        : [
            {
              severity: 'serious',
              summary: 'the fence is not in the kernel as planned',
              evidence: fence.drift.slice(0, 10),
              remedy: 'run `portfence apply`, or the agent, which does so by itself',
            },
          ],
  },
  {
    name: 'rollback-overdue',
    find: ({ fence }) =>
      fence.rollbackOverdue
        ? [
            {
              severity: 'serious',
              summary: 'an apply was never confirmed, and its rollback is overdue',
              evidence: [`it was due at ${new Date(fence.confirmBefore ?? 0).toISOString()}`],
              remedy: 'run `portfence apply` (which rolls back first), or `portfence remove`',
            },
          ]
        : [],
  },
  {
    name: 'agent-missing',
    find: ({ agent }) =>
      agent
        ? []
        : [
            {
              severity: 'warning',
              summary:
                'no agent runs: rules that are flushed do not come back, and containers get no range of their own',
              evidence: [],
              remedy: 'run `portfence install systemd`, or `portfence agent` where systemd does not run',
            },
          ],
  },
  {
    name: 'agent-failing',
    find: ({ agent }) =>
      agent?.state === 'failing'
        ? [
            {
              severity: 'serious',
              summary: 'the agent can not keep the fence as planned',
              evidence: [agent.lastError?.message.split('\n')[0] ?? 'no reason is known'],
              remedy: 'mend what the message names; the agent tries again by itself',
            },
          ]
        : [],
  },
  {
    name: 'agent-sources',
    find: ({ agent }): readonly DoctorFinding[] => {
      const down = agent?.sources.filter(({ health }) => health === 'down') ?? [];
      if (down.length === 0) return [];
      return [
        {
          severity: 'warning',
          summary: 'the agent does not hear of some changes at once, and sees them with its next look by the clock',
          evidence: down.map(({ name, failures }) => `${name}: failed ${failures} times in a row`),
          remedy: 'see whether the program behind the source is installed and may be asked',
        },
      ];
    },
  },
  {
    name: 'containers-of-their-own',
    find: ({ agent }) =>
      (agent?.native.kept ?? []).map(({ path, container, settings }) => ({
        severity: 'note' as const,
        summary: 'a container keeps settings of its own, so that the rules map its ports',
        evidence: [
          `${container ?? path}: ${Object.entries(settings)
            .map(([key, value]) => `${key}=${value}`)
            .join(', ')}`,
        ],
        remedy: 'take the sysctl out of its configuration where its connections are many',
      })),
  },
  {
    name: 'settings-of-others',
    find: ({ survey }) =>
      survey.settings.flatMap(({ drift }) =>
        drift === undefined
          ? []
          : [
              {
                severity: 'warning' as const,
                summary: 'a kernel setting that the fence needs was changed by another program',
                evidence: [drift],
                remedy: 'find what sets it (sysctl.d, a tuning tool), and take it out there; then `portfence apply`',
              },
            ],
      ),
  },
];
