import type { Engine } from '../../src/lab/docker.ts';
import { IMAGE } from '../../src/lab/image.ts';
import { mirrorAddress } from '../../src/lab/topology.ts';

/** How many further addresses the peer has, one for each download. */
export const MIRRORS = 12;
const urls = Array.from({ length: MIRRORS }, (_, index) => `http://${mirrorAddress(index).ipv4}/package`);

/** The ways to get a Dockerfile's `RUN` downloads done, each by its own program and its own network set-up. */
export const BUILDERS = [
  { builder: 'the classic builder', kit: '0', flags: [] },
  { builder: 'BuildKit', kit: '1', flags: ['--progress', 'plain'] },
] as const;

/** What became of the downloads in a build or a container. */
export interface Downloads {
  readonly ok: boolean;
  readonly arrived: number;
  readonly hung: number;
  /** Everything that docker wrote. */
  readonly words: string;
}

/** `docker build` of an image that downloads from all mirrors at once. */
export async function build(engine: Engine, { kit, flags }: (typeof BUILDERS)[number]): Promise<Downloads> {
  const input = `FROM ${IMAGE}\nRUN download ${urls.join(' ')}\n`;
  const args = ['build', '--no-cache', '--force-rm', ...flags, '-'];
  return downloads(await engine.docker(args, { input, env: { DOCKER_BUILDKIT: kit } }));
}

/** The same downloads in a container, on a network of its choice. */
export async function runDownloads(engine: Engine, network: string): Promise<Downloads> {
  return downloads(await engine.docker(['run', '--rm', '--network', network, IMAGE, 'download', ...urls]));
}

function downloads({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }): Downloads {
  const words = stdout + stderr;
  const lines = (said: string) => urls.filter((url) => new RegExp(`${said} ${url}\\s`).test(words)).length;
  return { ok: code === 0, arrived: lines('downloaded'), hung: lines('no answer from'), words };
}
