import { scrub } from '../scrub.ts';
import { fields, list, text } from './untrusted.ts';

/** A running container's network namespace, as its engine names it. */
export interface Sandbox {
  readonly container: string;
  /** Where the engine has mounted the namespace; undefined where the container uses that of another. */
  readonly path: string | undefined;
  /** The container (id) whose network namespace it uses. */
  readonly joins: string | undefined;
  /** Settings of the namespace that were chosen for the container, by key: `net.ipv4.tcp_timestamps`. */
  readonly chosen: Readonly<Record<string, string>>;
}

/** A running container: `start` differs whenever it was started or connected anew. */
export interface Running {
  readonly id: string;
  readonly start: string;
}

const ID = /^[0-9a-f]{12,64}$/;

/** Reads `GET /containers/json`: what runs, without the settings, which only an answer about one container holds. */
export function readRunning(answer: unknown): Running[] {
  return list(answer).flatMap((entry): Running[] => {
    const container = fields(entry);
    const id = text(container['Id']);
    if (id === undefined || !ID.test(id)) return [];
    const networks = Object.values(fields(fields(container['NetworkSettings'])['Networks'])).map(fields);
    // Podman names no endpoints, but draws a new address with each start.
    const ends = networks.flatMap((one) => text(one['EndpointID']) ?? text(one['MacAddress']) ?? []);
    return [{ id, start: ends.sort().join() }];
  });
}

/** Reads `GET /containers/ID/json`, podman's own (`libpod`) as well, which holds the command line instead of settings. Blanks in a setting's value are made single. */
export function readSandbox(answer: unknown): Sandbox | undefined {
  const container = fields(answer);
  const id = text(container['Id']);
  if (id === undefined) return undefined;
  const host = fields(container['HostConfig']);
  const key = text(fields(container['NetworkSettings'])['SandboxKey']);
  const told = [
    ...Object.entries(fields(host['Sysctls'])),
    ...sysctlFlags(fields(container['Config'])['CreateCommand']),
  ];
  const chosen = told.flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value.trim().replaceAll(/\s+/g, ' ')] as const] : [],
  );
  return {
    container: scrub(text(container['Name'])?.replace(/^\//, '') ?? id.slice(0, 12)),
    path: key && /^\/\P{Cc}+$/u.test(key) ? key.replace(/^\/var\/run\//, '/run/') : undefined,
    joins: /^container:([0-9a-f]{12,64})$/.exec(text(host['NetworkMode']) ?? '')?.[1],
    chosen: Object.fromEntries(chosen),
  };
}

/** `--sysctl KEY=VALUE` and `--sysctl=KEY=VALUE` among the words of `podman run`. */
function sysctlFlags(command: unknown): readonly (readonly [key: string, value: string])[] {
  const words = list(command).map((word) => text(word) ?? '');
  return words.flatMap((word, i) => {
    const flag = word === '--sysctl' ? words[i + 1] : /^--sysctl=(.*)$/s.exec(word)?.[1];
    const [, key, value] = /^([\w.-]+)=(.*)$/s.exec(flag ?? '') ?? [];
    return key === undefined || value === undefined ? [] : [[key, value] as const];
  });
}
