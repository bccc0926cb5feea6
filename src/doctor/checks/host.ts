import type { DoctorCheck } from '../check.ts';

/** What about this host limits or surprises. */
export const hostChecks: readonly DoctorCheck[] = [
  {
    name: 'ipv6-unfenced',
    find: ({ survey: { policy }, symptoms }) =>
      policy.families.includes('ipv6') || !symptoms.ipv6Forwarding
        ? []
        : [
            {
              severity: 'warning',
              summary: 'this host forwards IPv6, and the policy fences IPv4 alone',
              evidence: ['net.ipv6.conf.all.forwarding is 1'],
              remedy: 'add ipv6 to `families` in the policy',
            },
          ],
  },
  {
    name: 'docker-without-iptables',
    find: ({ survey: { facts, engines } }) => {
      const answering = engines.filter(
        ({ engine, unreachable, remembered }) => engine === 'docker' && !unreachable && !remembered,
      );
      const translated = facts.networks.some(({ engine, routed }) => engine === 'docker' && !routed.includes('ipv4'));
      if (answering.length === 0 || !translated || facts.engineNat.includes('ipv4')) return [];
      return [
        {
          severity: 'warning',
          summary:
            'Docker makes no NAT rules (`iptables: false`), so that its containers leave with their own addresses',
          evidence: answering.map(({ socket }) => socket),
          remedy: 'set "iptables": true in daemon.json, or translate the networks yourself; the fence follows either',
        },
      ];
    },
  },
  {
    name: 'published-at-random',
    find: ({ survey: { plan, facts } }) => {
      const isSet = plan.settings.some(({ key }) => key.endsWith('ip_local_port_range'));
      if (!isSet || !facts.networks.some(({ engine }) => engine === 'docker')) return [];
      return [
        {
          severity: 'note',
          summary: '`docker run -P` chooses host ports out of the allowed range',
          evidence: ["Docker takes them from this host's ip_local_port_range"],
          remedy: 'publish named ports (`-p 8080:80`) where a server must not take one of them',
        },
      ];
    },
  },
  {
    name: 'backend-limits',
    find: ({ fence, survey }) =>
      fence.limits.length === 0
        ? []
        : [
            {
              severity: 'note',
              summary: `the backend ${survey.backend.id} can not promise everything`,
              evidence: fence.limits,
              remedy: 'nft 1.0.2 or newer on Linux 5.2 or newer has none of these limits',
            },
          ],
  },
  {
    name: 'silent-engines',
    find: ({ survey: { engines } }) =>
      engines
        .filter(({ unreachable }) => unreachable !== undefined)
        .map(({ engine, socket, unreachable }) => ({
          severity: 'warning' as const,
          summary: 'a container engine does not tell its networks, so that they are known by name alone',
          evidence: [`${engine} at ${socket}: ${unreachable}`],
          remedy: 'give this program access to the socket, or name it with --docker-host',
        })),
  },
  {
    name: 'programs-that-choose-ports',
    find: ({ survey: { policy }, symptoms }) =>
      policy.host !== 'ephemeral' || symptoms.portChoosers.length === 0
        ? []
        : [
            {
              severity: 'note',
              summary: 'programs choose random source ports themselves, which look as if they were bound on purpose',
              evidence: symptoms.portChoosers,
              remedy: 'limit their ports (unbound: outgoing-port-permit, dnsmasq: min-port), or set `host: all`',
            },
          ],
  },
];
