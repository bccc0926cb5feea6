import { createServer } from 'node:http';
import process from 'node:process';
import { watchFlows } from '../../../src/flows/watch-flows.ts';
import type { AgentStatus } from '../../../src/reconcile/agent-status.ts';
import { NO_HISTORY } from '../../../src/server/history.ts';
import { routes } from '../../../src/server/routes.ts';
import { realSystem } from '../../../src/system/real.ts';

/** Answers as agents do, on every address of 127.0.0.0/8; on the next port it takes connections and says nothing. */
const port = Number(process.argv[2]);

const totals = { confined: 1e6, leaked: 0, preexisting: 0, leftAlone: 0, unfollowed: 0, untranslated: 0, untracked: 0 };
const sources = ['policy', 'nftables', 'docker', 'links', 'routes'].map((name) => ({
  ...{ name, health: 'up' as const, since: Date.now(), failures: 0, retryAt: null },
}));
const status = (): AgentStatus => ({
  ...{ version: 1, pid: 1, process: '1@1', pidNamespace: 'pid:[4026531836]', since: 0, state: 'inSync', stateSince: 0 },
  ...{ until: null, lastSuccess: Date.now(), lastError: null, checkedAt: Date.now(), drift: [], counters: totals },
  ...{ looks: 1, healed: 0, native: { given: 40, kept: [], folders: ['/run/docker/netns'] }, sources },
});
const policy = {
  ...{ digest: '0123456789ab', ports: ['49152-61000'], protocols: ['tcp', 'udp'], families: ['ipv4', 'ipv6'] },
  ...{ exempt: [], plainPorts: ['32768-60999'], addresses: ['10.0.1.10/24'] },
};
const handle = routes({
  ...{ version: '1.0.0', now: Date.now, status, policy: () => policy, history: () => NO_HISTORY },
  flows: watchFlows(realSystem, { sockets: [], onLook: () => {} }),
  addresses: () => undefined,
  acl: { current: async () => undefined },
  cost: () => ({ residentBytes: 60_000_000, cpuSeconds: 1 }),
});

createServer(async ({ url = '', headers }, response) => {
  const { host = '', accept = '' } = headers;
  const answer = await handle({ path: url, query: '', host, accept });
  response.writeHead(answer.status, answer.headers).end('body' in answer ? answer.body : '');
}).listen(port, '0.0.0.0', () => {
  createServer(() => {}).listen(port + 1, '0.0.0.0', () => process.stdout.write('ready\n'));
});
process.stdin.resume().on('end', () => process.exit());
