import { setTimeout as sleep } from 'node:timers/promises';
import { PortfenceError } from '../errors.ts';
import type { PortSet } from '../ports.ts';
import { portSet, portsText } from '../ports.ts';
import type { CommandResult } from '../system/system.ts';
import type { Bridge } from './bridges.ts';
import { type BuildRow, buildsAfter, buildsBefore } from './build-scenario.ts';
import { type Engine, startEngine } from './docker.ts';
import { makeLabFolder } from './lab-folder.ts';
import type { Namespace } from './namespace.ts';
import { type ConnectionRow, openRound, type Round, SPREAD } from './rounds.ts';
import { buildTestbed, type Testbed } from './testbed.ts';
import { readVerifySummary, type VerifySummary } from './verify-summary.ts';

/** Where portfence runs, and the folder for what it remembers, which goes with the lab. */
export interface LabHost {
  readonly ns: Namespace;
  readonly stateFolder: string;
  /** Where the lab's own engine listens; the machine's, should there be one, is none of the lab's business. */
  readonly engine: string | undefined;
}
/** Runs portfence with these arguments in a namespace, as `portfence ARGS` would run on that host. */
export type RunPortfence = (args: readonly string[], at: LabHost) => Promise<CommandResult>;

/** How the demonstration runs; `portfence` starts a command as a person would. */
export interface LabOptions {
  /** With a real Docker engine, and the builds that hang. */
  readonly docker: boolean;
  readonly portfence: RunPortfence;
  /** Gets a line for each step as it begins. */
  readonly say: (line: string) => void;
  /** Removes everything when it fires; the run then ends in a PortfenceError INTERRUPTED. */
  readonly signal?: AbortSignal;
}

/** What the lab saw. Plain data; `labText` turns it into words. */
export interface LabResult {
  /** Nothing hung and nothing left out of range under the fence, and verify agrees. */
  readonly ok: boolean;
  readonly allowed: PortSet;
  readonly connections: readonly ConnectionRow[];
  /** Source ports that the ACL saw leaving, ascending. */
  readonly ports: { readonly before: readonly number[]; readonly after: readonly number[] };
  /** Packets that left with a port whose answers can't come back. */
  readonly strayPackets: { readonly before: number; readonly after: number };
  readonly verify: VerifySummary;
  /** Empty without Docker. */
  readonly builds: readonly BuildRow[];
  readonly seconds: number;
}

/** The ports that the lab's ACL lets back in. */
export const LAB_PORTS = portSet({ from: 49_152, to: 61_000 });
const MIRRORS = 12;
const SIGNAL_MS = 50;
const BRIDGE = { name: 'br-5c0a1ab0f3ce', ipv4: '172.30.0.1/16', ipv6: 'fd00:172:30::1/64', masquerade: true } as const;

/** The demonstration: connections without the fence, the fence, the same connections again, and the proof. */
export async function labRun({ docker, portfence, say, signal }: LabOptions): Promise<LabResult> {
  const began = Date.now();
  const ports = portsText(LAB_PORTS);
  signal?.throwIfAborted();
  say(`Building a testbed: a host, a network ACL that lets only ports ${ports} back in, and a peer`);
  let testbed: Testbed | undefined;
  const interrupt = (): void => void testbed?.close().catch(() => {});
  signal?.addEventListener('abort', interrupt);
  try {
    testbed = await buildTestbed({ allowed: LAB_PORTS, mirrors: MIRRORS });
    if (signal?.aborted) interrupt();
    const result = await demonstrate(testbed, { docker, portfence, say });
    return { ...result, seconds: (Date.now() - began) / 1000 };
  } catch (cause) {
    // Ctrl-C reaches the commands in front as well, and one of them may have ended before our own handler runs.
    await sleep(SIGNAL_MS);
    if (!signal?.aborted) throw cause;
    await testbed?.close();
    throw new PortfenceError('INTERRUPTED', 'interrupted; everything that the lab made is removed', { cause });
  } finally {
    signal?.removeEventListener('abort', interrupt);
    await testbed?.close();
    if (!signal?.aborted) say('Removed everything again');
  }
}

async function demonstrate(
  testbed: Testbed,
  { docker, portfence, say }: Pick<LabOptions, 'docker' | 'portfence' | 'say'>,
): Promise<Omit<LabResult, 'seconds'>> {
  const state = await makeLabFolder();
  testbed.onClose(state.remove);
  const bridge: Bridge = await testbed.addBridge(BRIDGE);
  const origins = { host: testbed.host, container: await bridge.addGuest() };
  const engine = docker ? await prepareEngine(testbed, say) : undefined;
  const at: LabHost = { ns: testbed.host, stateFolder: state.path, engine: engine?.address };

  say(`Without the fence: ${SPREAD} connections each from host and container, IPv4 and IPv6, TCP and UDP`);
  const before = await openRound(testbed, origins);
  const buildsThen = engine ? await buildsBefore(engine, say) : [];

  say(`portfence apply --ports ${portsText(LAB_PORTS)}`);
  const applied = await portfence(['apply', '--ports', portsText(LAB_PORTS)], at);
  if (applied.code !== 0)
    throw new PortfenceError('SYSTEM', `portfence apply ended with ${applied.code}`, { detail: applied.stderr.trim() });

  say('With the fence: the same connections again');
  const after = await openRound(testbed, origins);
  const builds = engine ? await buildsAfter(engine, buildsThen, say) : [];

  say('portfence verify');
  const verify = readVerifySummary(await portfence(['verify', '--json'], at));
  const connections = before.rows.map((row, index) => ({ ...row, hungAfter: after.rows[index]?.hung ?? row.tried }));
  const strayPackets = { before: before.strayPackets, after: after.strayPackets };
  return {
    ok: passes({ after, builds, verify }),
    allowed: testbed.allowed,
    connections: connections.map(({ hung, ...row }) => ({ ...row, hungBefore: hung })),
    ports: { before: before.ports, after: after.ports },
    strayPackets,
    verify,
    builds,
  };
}

async function prepareEngine(testbed: Testbed, say: LabOptions['say']): Promise<Engine> {
  say('Starting a real Docker engine on the host, with its own data, and making an image');
  const engine = await startEngine(testbed);
  await engine.importImage();
  return engine;
}

function passes({
  after,
  builds,
  verify,
}: {
  after: Round;
  builds: readonly BuildRow[];
  verify: VerifySummary;
}): boolean {
  return (
    verify.ok &&
    after.strayPackets === 0 &&
    after.rows.every(({ hung }) => hung === 0) &&
    builds.every(({ failedAfter }) => failedAfter === 0)
  );
}
