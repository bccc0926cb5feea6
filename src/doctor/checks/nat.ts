import type { DoctorCheck } from '../check.ts';

/** What other rules do to the fence. */
export const natChecks: readonly DoctorCheck[] = [
  {
    name: 'fence-leaks',
    find: ({ fence }) =>
      fence.totals.leaked === 0
        ? []
        : [
            {
              severity: 'serious',
              summary: 'new connections have left with a port out of range',
              evidence: [`${fence.totals.leaked} packets, counted by the guard since the fence was made`],
              remedy: 'look at the findings below, then run `portfence verify` to see whether it still happens',
            },
          ],
  },
  {
    name: 'nat-before-fence',
    find: ({ fence }) =>
      fence.natBeforeOurs.map(({ family, table, name, priority }) => ({
        severity: 'warning' as const,
        summary: 'a nat chain of another program decides before the fence',
        evidence: [`${family} ${table} ${name}, priority ${priority}`],
        remedy: 'give that chain a priority above 50, or take its flows out of the policy (exempt)',
      })),
  },
  {
    name: 'unfollowed-rules',
    find: ({ fence }) =>
      fence.unfollowed.map(({ family, rule, packets }) => ({
        severity: packets > 0 ? ('serious' as const) : ('warning' as const),
        summary: 'a NAT rule of another program can not be followed, so that its flows keep its own ports',
        evidence: [`${family}: ${rule}`, `${packets} packets left out of range by it`],
        remedy: 'write the rule with addresses instead of what it asks, or give it `--to-ports` within the range',
      })),
  },
  {
    name: 'bpf-on-uplink',
    find: ({ symptoms }) =>
      symptoms.bpf.map(({ link, programs }) => ({
        severity: 'warning' as const,
        summary: 'BPF programs handle packets on an uplink; what they translate never comes to netfilter',
        evidence: programs.map((program) => `${link}: ${program}`),
        remedy:
          'set the range where those programs choose ports (Cilium: masquerade by iptables, or --local-port-range)',
      })),
  },
  {
    name: 'untracked-traffic',
    find: ({ symptoms }) =>
      symptoms.notrack.length === 0
        ? []
        : [
            {
              severity: 'warning',
              summary: 'rules take packets out of connection tracking, and what is not tracked is not mapped',
              evidence: symptoms.notrack,
              remedy: 'limit those rules to traffic that does not leave by an uplink',
            },
          ],
  },
  {
    name: 'flowtables',
    find: ({ symptoms }) =>
      symptoms.flowtables.length === 0
        ? []
        : [
            {
              severity: 'note',
              summary: 'a flowtable forwards packets of known connections past the guard, which counts fewer of them',
              evidence: symptoms.flowtables,
              remedy: 'nothing has to be done: the port of a connection is decided by its first packet',
            },
          ],
  },
  {
    name: 'bypassing-networks',
    find: ({ survey: { facts, policy }, agent }) =>
      facts.networks
        .filter(({ bypass }) => bypass !== undefined)
        .map(({ engine, name, bypass }) => ({
          severity: agent && policy.containers.native ? ('note' as const) : ('serious' as const),
          summary: "a network's containers bypass the rules of this host",
          evidence: [`${engine} network ${name} (${bypass})`],
          remedy: 'run the agent (`portfence install systemd`), which gives these containers the range themselves',
        })),
  },
];
