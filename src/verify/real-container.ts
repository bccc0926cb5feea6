import { fields, list, parseJson, text } from '../observe/untrusted.ts';
import type { Family } from '../ports.ts';
import type { Argv, ChildHandle, System } from '../system/system.ts';
import type { Origin, Unavailable } from './model.ts';
import type { Cleanup } from './temporary.ts';

/** Images that are tried, the smallest first; one without cat(1) is refused by the engine in well under a second. */
const MOST_IMAGES = 4;
const LIFE_S = '120';
const PATIENCE_MS = 10_000;

const none = (why: string): Unavailable => ({ note: `not checked: a real container (${why})` });

/**
 * A container that Docker starts from an image that is here already, with nothing in it but cat(1), which ends when our end
 * of its input does. The packets are sent from its network namespace. Never pulls an image, never throws.
 */
export async function startContainer(
  system: System,
  { network, bridge, dockerHost }: { network: string; bridge: string; dockerHost: string | undefined },
  cleanup: Cleanup,
): Promise<Origin | Unavailable> {
  const env = dockerHost === undefined ? {} : { DOCKER_HOST: dockerHost };
  const docker = (...args: readonly string[]) => system.run(['docker', ...args], { env, timeoutMs: PATIENCE_MS });
  const images = await docker('image', 'ls', '--no-trunc', '--format', '{{.ID}} {{.Size}}');
  if (images.code !== 0) return none('the docker command is missing, or gets no answer');
  const name = `portfence-verify-${system.pid}`;
  cleanup(async () => {
    await docker('rm', '--force', name);
  });
  for (const image of smallest(images.stdout)) {
    const child = await system.startChild(runCat(name, network, image), { env }).catch(() => undefined);
    if (!child) continue;
    cleanup(() => child.stop());
    return (await originOf(system, docker, { name, bridge, child })) ?? none('the engine lives in another namespace');
  }
  return none('there is no local image with cat in it');
}

function runCat(name: string, network: string, image: string): Argv {
  const modest = ['--cap-drop', 'ALL', '--read-only', '--log-driver', 'none'];
  const run = ['run', '--rm', '--interactive', '--name', name, '--network', network, ...modest];
  return ['timeout', LIFE_S, 'docker', ...run, '--entrypoint', 'cat', image];
}

/** Image ids of a listing with sizes like `1.24MB`, the smallest first. */
export function smallest(listing: string): readonly string[] {
  const unit: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9 };
  const sizes = new Map(
    listing.split('\n').flatMap((line) => {
      const match = /^(sha256:[0-9a-f]{64}) ([\d.]+)([kMG]?)B$/.exec(line.trim());
      return match?.[1] ? [[match[1], Number(match[2]) * (unit[match[3] ?? ''] ?? 1)] as const] : [];
    }),
  );
  return [...sizes]
    .sort(([, a], [, b]) => a - b)
    .map(([id]) => id)
    .slice(0, MOST_IMAGES);
}

type Docker = (...args: readonly string[]) => ReturnType<System['run']>;

async function originOf(
  system: System,
  docker: Docker,
  { name, bridge, child }: { name: string; bridge: string; child: ChildHandle },
): Promise<Origin | undefined> {
  const template = '{{.State.Pid}} {{range .NetworkSettings.Networks}}{{.IPAddress}},{{.GlobalIPv6Address}}{{end}}';
  const inspected = await docker('inspect', '--format', template, name);
  const match = /^([1-9]\d*) ([\d.]*),([\da-f:]*)$/.exec(inspected.stdout.trim());
  if (inspected.code !== 0 || !match || child.pid === 0) return undefined;
  const [, pid = '', ipv4 = '', ipv6 = ''] = match;
  const run: System['run'] = (argv, options) =>
    system.run(['nsenter', `--net=/proc/${pid}/ns/net`, '--', ...argv], options);
  if (!(await isPortOf(system, run, bridge))) return undefined;
  const addresses: Partial<Record<Family, string>> = { ...(ipv4 ? { ipv4 } : {}), ...(ipv6 ? { ipv6 } : {}) };
  return { kind: 'container', label: 'docker container', network: bridge, via: 'docker', addresses, run };
}

/** Whether the other end of the container's own link is a port of the bridge here: an engine may live elsewhere. */
async function isPortOf(system: System, run: System['run'], bridge: string): Promise<boolean> {
  const [inside, outside] = await Promise.all([
    run(['ip', '-j', 'link', 'show', 'dev', 'eth0']),
    system.run(['ip', '-j', 'link', 'show', 'master', bridge]),
  ]);
  if (inside.code !== 0 || outside.code !== 0) return false;
  const index = fields(list(parseJson(inside.stdout, 'ip link'))[0])['link_index'];
  return list(parseJson(outside.stdout, 'ip link')).some(
    (entry) => index !== undefined && fields(entry)['ifindex'] === index && text(fields(entry)['ifname']) !== undefined,
  );
}
