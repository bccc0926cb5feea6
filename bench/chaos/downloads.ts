import type { Engine } from '../../src/lab/docker.ts';
import { IMAGE } from '../../src/lab/image.ts';
import type { LoadTally } from '../../src/lab/load.ts';
import type { CommandResult } from '../../src/system/system.ts';
import type { ChaosSetup } from './setup.ts';

const DOWNLOADS = 12;
const LONGEST_MS = 60_000;

/** What containers of `docker build` and `docker run` download, each from ports that its kernel chooses. */
export interface Downloads {
  /** Builds an image whose step downloads; the builders in turn. */
  build(): Promise<void>;
  on(network: string): Promise<void>;
  /** How often the engine was away, or could not start a container. */
  impossible(): number;
}

/** Downloads in builds and new containers of the setup; each outcome goes to `onTally`. */
export function downloadsAt(
  setup: ChaosSetup,
  onTally: (tally: Readonly<Record<string, LoadTally>>) => void,
): Downloads {
  const { engine, addresses } = setup;
  const urlsFor = (origin: string): readonly string[] =>
    addresses.take(DOWNLOADS, { origin, chosen: 'kernel' }).map(({ ipv4 }) => `http://${ipv4}/package`);
  const urls = { build: urlsFor('build'), network: urlsFor('container on a new network') };
  let impossible = 0;
  let turn = 0;
  const count = (kind: keyof typeof urls, { stdout, stderr }: CommandResult): void => {
    const words = (stdout + stderr).split('\n').map((line) => `${line} `);
    const said = (what: string): number =>
      urls[kind].filter((url) => words.some((line) => line.includes(`${what} ${url} `))).length;
    const tally = { answered: said('downloaded'), silent: said('no answer from'), failed: {} };
    if (tally.answered + tally.silent === 0) impossible += 1;
    const origin = kind === 'build' ? 'build' : 'container on a new network';
    onTally({ [`${origin}|kernel|tcp|ipv4`]: tally });
  };
  return {
    build: async () => {
      turn += 1;
      count('build', await build(engine, turn % 2 === 0 && engine.buildKit, urls.build));
    },
    on: async (network) => {
      const args = ['run', '--rm', '--network', network, IMAGE, 'download', ...urls.network];
      count('network', await engine.docker(args, { timeoutMs: LONGEST_MS }));
    },
    impossible: () => impossible,
  };
}

function build(engine: Engine, buildKit: boolean, urls: readonly string[]): Promise<CommandResult> {
  const input = `FROM ${IMAGE}\nRUN download ${urls.join(' ')}\n`;
  const flags = buildKit ? ['--progress', 'plain'] : ['--force-rm'];
  const env = { DOCKER_BUILDKIT: buildKit ? '1' : '0' };
  return engine.docker(['build', '--no-cache', ...flags, '-'], { input, env, timeoutMs: LONGEST_MS });
}
