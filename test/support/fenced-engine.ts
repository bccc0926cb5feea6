import { type Applied, apply } from '../../src/apply/apply.ts';
import { type Engine, type EngineOptions, startEngine } from '../../src/lab/docker.ts';
import { IMAGE } from '../../src/lab/image.ts';
import type { Namespace } from '../../src/lab/namespace.ts';
import { peerProgram } from '../../src/lab/peer-servers.ts';
import type { WorldSpec } from '../../src/lab/world.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { type Standing, standing } from '../../src/survey/standing.ts';
import { readState, stateFolder } from '../../src/survey/state.ts';
import { survey } from '../../src/survey/survey.ts';
import { hold } from '../../src/system/held.ts';
import { type FencedWorld, fencedWorld } from './fenced-world.ts';
import { samplePolicy } from './samples.ts';

/** A container that runs until its world closes; commands of this machine run in its network namespace. */
export interface Container extends Pick<Namespace, 'run' | 'enter'> {
  readonly id: string;
  readonly ipv4: string;
  readonly ipv6: string;
  /** Starts the peer's servers in it: each tells its client how it is seen. */
  tell(): Promise<void>;
}

/** A lab world with a real engine in its host, and a fence that asks this engine. */
export interface FencedEngine extends FencedWorld {
  readonly engine: Engine;
  /** `docker run --detach` with these flags. */
  container(...flags: string[]): Promise<Container>;
  /** How the fence stands, as `portfence status` tells it. */
  status(policy?: Partial<Policy>): Promise<Standing>;
  /** Runs a command in the engine's own namespaces, where its iptables rules are; throws where it fails. */
  onHost(...argv: [string, ...string[]]): Promise<string>;
}

/** `fenceFirst`: the fence is applied before the engine starts for the first time, as it may be at boot. */
export async function fencedEngine(
  { fenceFirst = false, ...spec }: Partial<WorldSpec> & { readonly fenceFirst?: boolean } = {},
  options: EngineOptions = {},
): Promise<FencedEngine> {
  const fenced = await fencedWorld(spec);
  const { world, system } = fenced;
  try {
    if (fenceFirst) await fenced.fence();
    const engine = await startEngine(world, options);
    await engine.importImage();
    const asked = { say: () => {}, dockerHost: engine.address };
    const whole = (policy: Partial<Policy>) => () => ({ ...samplePolicy, ...policy });
    return {
      ...fenced,
      engine,
      fence: (policy = {}): Promise<Applied> => apply(system, { ...asked, policy: whole(policy) }),
      status: async (policy = {}) => {
        const state = await readState(system, await stateFolder(system));
        return standing(system, await survey(system, { ...asked, policy: whole(policy), state }), state);
      },
      container: async (...flags) => {
        // The first process of a container ignores every other signal that it does not handle.
        const id = await engine.expect(['run', '--detach', '--stop-signal', 'KILL', ...flags, IMAGE, 'sleep', '3600']);
        return reach(engine, id, world.onClose);
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
    tell: async () => {
      const server = await hold(inside.enter(peerProgram([ipv4, ipv6].filter(Boolean), { stay: false })));
      onClose(server.stop);
    },
  };
}
