import type { ContainerNetwork, PublishedPort } from '../plan/facts.ts';
import { scrub } from '../scrub.ts';
import type { System } from '../system/system.ts';
import { readNetworks, readPodmanNetworks } from './engine-networks.ts';
import { readGatewayAddresses, readPublishedPorts } from './engine-ports.ts';
import { DOCKER_SOCKET, PODMAN_SOCKET } from './engine-socket-paths.ts';
import { canBeAsked } from './listening.ts';
import { fields, list, text } from './untrusted.ts';

export { readNetworks, readPodmanNetworks } from './engine-networks.ts';
export { readPublishedPorts } from './engine-ports.ts';

/** A container engine that has a socket here, and what it says. */
export interface EngineFacts {
  readonly engine: ContainerNetwork['engine'];
  readonly socket: string;
  /** Why there is no answer to build on; the lists are empty then. */
  readonly unreachable?: string;
  /** It does not answer now; the lists are what it said last. */
  readonly remembered?: true;
  readonly networks: readonly ContainerNetwork[];
  readonly published: readonly PublishedPort[];
}

const PATIENCE_MS = 2000;
const ASLEEP = 'it is stopped, and systemd would start it for a question';

/**
 * Asks the engines of this host. `dockerHost` (else the environment's DOCKER_HOST, else where Docker was found before) takes
 * the place of Docker's own socket. An engine that does not answer is taken as it was found before: while it restarts its
 * networks still stand, and its containers may live on (live-restore). One that was never found is left out; one that does
 * not answer within 2 s, or with nonsense, is `unreachable`. Never throws.
 */
export async function observeEngines(
  system: System,
  options: { readonly dockerHost?: string | undefined; readonly before?: readonly EngineFacts[] } = {},
): Promise<{ engines: EngineFacts[] }> {
  const { before = [] } = options;
  const found = before.find(({ engine }) => engine === 'docker')?.socket;
  const host = options.dockerHost ?? text(system.env['DOCKER_HOST']) ?? found;
  const socket = host === undefined ? DOCKER_SOCKET : unixSocket(host);
  const engines = await Promise.all([
    socket === undefined ? elsewhere(host ?? '') : askEngine(system, socket),
    socket === PODMAN_SOCKET ? undefined : askEngine(system, PODMAN_SOCKET),
  ]);
  const asked = [socket, PODMAN_SOCKET].flatMap((one, i) => {
    const answer = engines[i];
    const last = before.find((other) => other.socket === one);
    if (last && (answer === undefined || answer.unreachable !== undefined))
      return { ...last, remembered: true as const };
    return answer ?? [];
  });
  return { engines: withoutTwins(asked) };
}

function unixSocket(host: string): string | undefined {
  return host.startsWith('unix://') ? host.slice('unix://'.length) : host.startsWith('/') ? host : undefined;
}

function elsewhere(host: string): EngineFacts {
  return unanswered(
    'docker',
    scrub(host),
    'only unix:// sockets are asked, and rules of another host would not matter here',
  );
}

const unanswered = (engine: EngineFacts['engine'], socket: string, unreachable: string): EngineFacts => ({
  engine,
  socket,
  unreachable,
  networks: [],
  published: [],
});

/** The same engine under two names: podman-docker links Docker's socket to podman's. */
function withoutTwins(engines: readonly EngineFacts[]): EngineFacts[] {
  return engines.filter(
    (one, i) => !engines.slice(0, i).some((other) => one.engine === 'podman' && other.engine === 'podman'),
  );
}

async function askEngine(system: System, socket: string): Promise<EngineFacts | undefined> {
  const get = (path: string) => system.getJson(socket, path, PATIENCE_MS);
  let engine: EngineFacts['engine'] = socket === PODMAN_SOCKET ? 'podman' : 'docker';
  try {
    if (!(await canBeAsked(system, socket))) return unanswered(engine, socket, ASLEEP);
    const [version, networks, containers] = await Promise.all([
      get('/version'),
      get('/networks'),
      get('/containers/json'),
    ]);
    if (isPodman(version)) engine = 'podman';
    if (!Array.isArray(networks) || !Array.isArray(containers))
      return unanswered(engine, socket, 'the answer is no list');
    if (engine === 'podman') {
      const own = readPodmanNetworks(await get('/v4.0.0/libpod/networks/json'));
      return { engine, socket, networks: own, published: readPublishedPorts(containers) };
    }
    const gateway = networks.some((network) => fields(network)['Name'] === 'docker_gwbridge');
    const more = gateway ? readGatewayAddresses(await get('/networks/docker_gwbridge')) : new Map();
    return { engine, socket, networks: readNetworks(networks), published: readPublishedPorts(containers, more) };
  } catch (error) {
    return isAbsent(error) ? undefined : unanswered(engine, socket, reason(error));
  }
}

/** Whether an answer to `GET /version` is podman's. */
export function isPodman(version: unknown): boolean {
  return list(fields(version)['Components']).some((component) => fields(component)['Name'] === 'Podman Engine');
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return scrub(String(error));
  return error.name === 'TimeoutError' || error.name === 'AbortError'
    ? `no answer within ${PATIENCE_MS} ms`
    : scrub(error.message);
}
