import { type Engine, type EngineOptions, startEngine } from '../../src/lab/docker.ts';
import { IMAGE } from '../../src/lab/image.ts';
import type { Namespace } from '../../src/lab/namespace.ts';
import { peerProgram } from '../../src/lab/peer-servers.ts';
import type { TestbedSpec } from '../../src/lab/testbed.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { type Applied, apply } from '../../src/reconcile/apply.ts';
import { type FenceStatus, fenceStatus } from '../../src/reconcile/fence-status.ts';
import { readState, stateFolder } from '../../src/reconcile/state.ts';
import { survey } from '../../src/reconcile/survey.ts';
import { startChild } from '../../src/system/child.ts';
import { type FencedTestbed, fencedTestbed } from './fenced-testbed.ts';
import { samplePolicy } from './samples.ts';

/** A container that runs until its testbed closes; commands of this machine run in its network namespace. */
export interface Container extends Pick<Namespace, 'run' | 'enter'> {
  readonly id: string;
  readonly ipv4: string;
  readonly ipv6: string;
  /** Starts the peer's servers in it: each echoes the source that it sees. */
  startEchoServers(): Promise<void>;
}

/** A lab testbed with a real engine in its host, and a fence that asks this engine. */
export interface FencedEngine extends FencedTestbed {
  readonly engine: Engine;
  /** `docker run --detach` with these flags. */
  container(...flags: string[]): Promise<Container>;
  /** The fence's status, as `portfence status` reads it. */
  status(policy?: Partial<Policy>): Promise<FenceStatus>;
  /** Runs a command in the engine's own namespaces, where its iptables rules are; throws where it fails. */
  onHost(...argv: [string, ...string[]]): Promise<string>;
}

/** `fenceFirst`: the fence is applied before the engine starts for the first time, as it may be at boot. */
export async function fencedEngine(
  { fenceFirst = false, ...spec }: Partial<TestbedSpec> & { readonly fenceFirst?: boolean } = {},
  options: EngineOptions = {},
): Promise<FencedEngine> {
  const fenced = await fencedTestbed(spec);
  const { testbed, system } = fenced;
  try {
    if (fenceFirst) await fenced.fence();
    const engine = await startEngine(testbed, options);
    await engine.importImage();
    const asked = { say: () => {}, dockerHost: engine.address };
    const whole = (policy: Partial<Policy>) => () => ({ ...samplePolicy, ...policy });
    return {
      ...fenced,
      engine,
      fence: (policy = {}): Promise<Applied> => apply(system, { ...asked, policy: whole(policy) }),
      status: async (policy = {}) => {
        const state = await readState(system, await stateFolder(system));
        return fenceStatus(system, await survey(system, { ...asked, policy: whole(policy), state }), state);
      },
      container: async (...flags) => {
        // The first process of a container ignores every other signal that it does not handle.
        const id = await engine.expect(['run', '--detach', '--stop-signal', 'KILL', ...flags, IMAGE, 'sleep', '3600']);
        return reach(engine, id, testbed.onClose);
      },
      onHost: async (...argv) => {
        const { code, stdout, stderr } = await system.run(engine.enter(argv));
        if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}: ${stderr}`);
        return stdout;
      },
    };
  } catch (error) {
    await fenced.close();
    throw error;
  }
}

async function reach(engine: Engine, id: string, onClose: (task: () => Promise<void>) => void): Promise<Container> {
  const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.GlobalIPv6Address}}{{end}}';
  const [inside, addresses] = await Promise.all([
    engine.inContainer(id),
    engine.expect(['inspect', '--format', format, id]),
  ]);
  const [ipv4 = '', ipv6 = ''] = addresses.split(' ');
  return {
    ...inside,
    id,
    ipv4,
    ipv6,
    startEchoServers: async () => {
      const server = await startChild(inside.enter(peerProgram([ipv4, ipv6].filter(Boolean), { stay: false })));
      onClose(server.stop);
    },
  };
}
