import { flowReport } from '../../src/flows/flow-report.ts';
import { openScan } from '../../src/flows/flow-scan.ts';
import { follow, NO_TREND } from '../../src/flows/occupancy.ts';
import { pairRows } from '../../src/flows/rows.ts';
import { flowScope } from '../../src/flows/scope.ts';
import type { FlowState } from '../../src/flows/watch-flows.ts';
import { compile } from '../../src/plan/compile.ts';
import type { ContainerNetwork } from '../../src/plan/facts.ts';
import { sampleFacts, samplePolicy } from '../support/samples.ts';
import { entryLine } from './entries.ts';

const bridge: ContainerNetwork = {
  ...{ engine: 'docker', name: 'bridge', bridge: 'docker0', subnets: ['172.17.0.0/16'], routed: [] },
  ...{ sourceAddress: undefined, internal: false },
};

/** What an agent knows of so many containers, each of which has connections to a destination of its own. */
export function flowState(count: number): FlowState {
  const facts = { ...sampleFacts, networks: [bridge] };
  const plan = compile(samplePolicy, facts);
  const running = openScan(flowScope(plan, facts));
  for (let i = 0; i < count; i += 1) {
    for (let port = 0; port <= i % 5; port += 1) {
      const source = `172.17.${i >> 7}.${(i % 128) + 2}`;
      const line = entryLine({
        source,
        destination: `203.0.${i >> 8}.${i & 255}`,
        port: 443,
        leavingPort: 50_000 + port,
      });
      const bytes = Buffer.from(`${line}\n`);
      running.take(bytes, bytes.length);
    }
  }
  running.end();
  const seen = { scan: running.scan, at: 1000, tookMs: 5, road: '/proc/net/nf_conntrack' as const };
  const report = flowReport(seen, { plan, facts, sockets: [], most: 50, names: new Map() });
  const pairs = pairRows(running.scan, 300).map((one) => ({ ...one, name: null }));
  const destinations = [...follow(NO_TREND, report).destinations.values()];
  return { report, destinations, pairs, drops: 0, rates: undefined };
}
