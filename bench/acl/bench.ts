import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { solve } from '../../src/acl/solve.ts';
import { type Summary, summarize } from '../statistics.ts';
import { machineVersions, type Versions } from '../versions.ts';
import { ACLS, manyAcls, manyPeers, PEERS } from './network.ts';

/** Of the processor, for all ACLs and peers together. */
export const TARGET_MS = 1000;

/** What the bench of the ACL solver measured. */
export interface AclResult {
  readonly versions: Versions;
  readonly cores: number;
  /** Milliseconds of one round: every ACL read by the solver anew, every peer of it answered. */
  readonly round: Summary;
  /** The processor's time for the same, which a busy machine does not stretch. */
  readonly cpu: Summary;
  readonly answers: number;
  /** How many different sets of ports the answers held: that many were really worked out. */
  readonly different: number;
  readonly met: boolean;
}

const NOWHERE = { subnet: undefined, blocks: [], resolvers: [] };
const HTTPS = { protocol: 6, port: 443 };

/** Solves every peer of every ACL, so often. */
export async function benchAcl({
  runs,
  say,
}: {
  readonly runs: number;
  readonly say: (line: string) => void;
}): Promise<AclResult> {
  const acls = manyAcls();
  const peers = manyPeers();
  const samples: number[] = [];
  const cpu: number[] = [];
  let different = 0;
  say(`solving ${ACLS} ACLs for ${PEERS} peers, ${runs} times`);
  for (let run = 0; run < runs; run += 1) {
    const seen = new Set<string>();
    const [start, before] = [performance.now(), process.cpuUsage()];
    const answers = acls.map((acl) => solve({ own: { acl, ...NOWHERE }, services: [HTTPS], peers }));
    const { user, system } = process.cpuUsage(before);
    samples.push(performance.now() - start);
    cpu.push((user + system) / 1000);
    for (const { ways } of answers) for (const { ranges } of ways) seen.add(JSON.stringify(ranges));
    different = seen.size;
  }
  const used = summarize(cpu);
  return {
    versions: await machineVersions(),
    cores: availableParallelism(),
    round: summarize(samples),
    cpu: used,
    answers: ACLS * PEERS,
    different,
    met: used.median < TARGET_MS,
  };
}
