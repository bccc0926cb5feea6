import { PortfenceError } from '../errors.ts';
import type { CommandResult } from '../system/system.ts';
import type { Engine } from './docker.ts';
import { IMAGE } from './image.ts';
import { mirrorAddress } from './topology.ts';

const DOWNLOADS = 12;
const LATER = 'shop_default';

/** One way to download in a container: how many of its downloads got no answer. */
export interface BuildRow {
  /** `docker build, classic builder`, ... */
  readonly how: string;
  readonly network: string;
  readonly downloads: number;
  /** Undefined where the network did not exist yet. */
  readonly failedBefore: number | undefined;
  readonly failedAfter: number;
}
type Attempt = Omit<BuildRow, 'failedBefore' | 'failedAfter'> & { readonly failed: number };

const urls = Array.from({ length: DOWNLOADS }, (_, index) => `http://${mirrorAddress(index).ipv4}/package`);
/** As in the post that this project began with: a build that downloads packages, here from twelve mirrors at once. */
const DOCKERFILE = `FROM ${IMAGE}\nRUN download ${urls.join(' ')}\n`;

/** Builds on the default bridge, before there is a fence. */
export function buildsBefore(engine: Engine, say: (line: string) => void): Promise<Attempt[]> {
  return inTurn([() => classic(engine, say), ...(engine.buildKit ? [() => buildKit(engine, say)] : [])]);
}

/** The same builds again, and two more on a network that is made now, as `docker compose up` makes one. */
export async function buildsAfter(
  engine: Engine,
  before: readonly Attempt[],
  say: (line: string) => void,
): Promise<BuildRow[]> {
  const again = await buildsBefore(engine, say);
  say(`docker network create ${LATER}, as docker compose does for every project`);
  await engine.expect(['network', 'create', LATER]);
  const later = await inTurn([() => classic(engine, say, LATER), () => service(engine, say)]);
  const known = (row: Attempt): Attempt | undefined =>
    before.find(({ how, network }) => how === row.how && network === row.network);
  return [...again, ...later].map(({ failed, ...row }) => ({
    ...row,
    failedBefore: known({ failed, ...row })?.failed,
    failedAfter: failed,
  }));
}

async function inTurn<T>(tasks: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  for (const task of tasks) results.push(await task());
  return results;
}

async function classic(engine: Engine, say: (line: string) => void, network?: string): Promise<Attempt> {
  const place = network ? ['--network', network] : [];
  say(['DOCKER_BUILDKIT=0 docker build', ...place, '.'].join(' '));
  const args = ['build', '--no-cache', '--force-rm', ...place, '-'];
  const finished = await engine.docker(args, { input: DOCKERFILE, env: { DOCKER_BUILDKIT: '0' } });
  return tally('docker build, classic builder', network ?? 'default bridge', finished);
}

async function buildKit(engine: Engine, say: (line: string) => void): Promise<Attempt> {
  say('DOCKER_BUILDKIT=1 docker build .');
  const args = ['build', '--no-cache', '--progress', 'plain', '-'];
  const finished = await engine.docker(args, { input: DOCKERFILE, env: { DOCKER_BUILDKIT: '1' } });
  return tally('docker build, BuildKit', 'default bridge', finished);
}

async function service(engine: Engine, say: (line: string) => void): Promise<Attempt> {
  say(`docker run --network ${LATER}`);
  const finished = await engine.docker(['run', '--rm', '--network', LATER, IMAGE, 'download', ...urls]);
  return tally('docker run', LATER, finished);
}

/** Counts by the program's own words; BuildKit puts a prefix before each line, and quotes a failed step's lines again. */
function tally(how: string, network: string, { code, stdout, stderr }: CommandResult): Attempt {
  const text = stdout + stderr;
  const reported = (words: string): number => urls.filter((url) => new RegExp(`${words} ${url}\\s`).test(text)).length;
  const failed = reported('no answer from');
  if (reported('downloaded') + failed !== DOWNLOADS || (code === 0) !== (failed === 0))
    throw new PortfenceError('SYSTEM', `${how} ended with ${code}, and not because of its downloads`, {
      detail: text.trim().split('\n').slice(-6).join('\n'),
    });
  return { how, network, downloads: DOWNLOADS, failed };
}
