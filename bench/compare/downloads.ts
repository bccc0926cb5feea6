import { PortfenceError } from '../../src/errors.ts';
import { IMAGE } from '../../src/lab/image.ts';
import type { CommandResult } from '../../src/system/system.ts';
import type { Outcome } from './outcome.ts';
import type { ComparisonSetup } from './setup.ts';

/** How many downloads a build or a container tries. */
export const DOWNLOADS = 12;
const BUILDERS = {
  classic: { kit: '0', flags: ['--force-rm'] },
  BuildKit: { kit: '1', flags: ['--progress', 'plain'] },
} as const;

const newUrls = (setup: ComparisonSetup): readonly string[] =>
  setup.destinations(DOWNLOADS).map(({ ipv4 }) => `http://${ipv4}/package`);

/** `docker build` of an image whose `RUN` downloads from mirrors, all at once, from ports that the kernel chooses. */
export async function buildWith(
  builder: keyof typeof BUILDERS,
  setup: ComparisonSetup,
  network: readonly string[] = [],
): Promise<Outcome> {
  const urls = newUrls(setup);
  const { kit, flags } = BUILDERS[builder];
  const input = `FROM ${IMAGE}\nRUN download ${urls.join(' ')}\n`;
  const args = ['build', '--no-cache', ...flags, ...network, '-'];
  return tally(urls, await setup.engine.docker(args, { input, env: { DOCKER_BUILDKIT: kit } }));
}

/** The same downloads in a running container. */
export async function runOn(network: string, setup: ComparisonSetup): Promise<Outcome> {
  const urls = newUrls(setup);
  const args = ['run', '--rm', '--network', network, IMAGE, 'download', ...urls];
  return tally(urls, await setup.engine.docker(args));
}

/** Counts by the download program's own words, which BuildKit writes twice; any other failure is none of a fence's. */
function tally(urls: readonly string[], { code, stdout, stderr }: CommandResult): Outcome {
  const words = (stdout + stderr).split('\n').map((line) => `${line} `);
  const said = (what: string): number =>
    urls.filter((url) => words.some((line) => line.includes(`${what} ${url} `))).length;
  const failed = said('no answer from');
  if (said('downloaded') + failed !== urls.length || (code === 0) !== (failed === 0))
    throw new PortfenceError('SYSTEM', `docker ended with ${code}, and not because of its downloads`, {
      detail: words.slice(-8).join('\n').trim(),
    });
  return { kind: 'answers', tried: urls.length, failed };
}
