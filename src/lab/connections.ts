import { PortfenceError } from '../errors.ts';
import { ownProgram } from '../system/own-program.ts';
import type { Namespace } from './namespace.ts';

/** Connections to one destination, all opened at the same time. */
export interface Probe {
  readonly protocol: 'tcp' | 'udp';
  /** An address, not a name, and a port where the peer echoes the source that it sees. */
  readonly to: { readonly host: string; readonly port: number };
  /** The local address; the kernel chooses unless given. */
  readonly from?: string;
  /** One connection from each of these ports, or so many from ports that the kernel chooses (neighbouring ones). */
  readonly sourcePorts: readonly number[] | { readonly kernel: number };
  /** Milliseconds until a connection counts as hanging. */
  readonly timeoutMs: number;
}

/** How one connection ended; `seen` is the source that the server saw, `error` the name of the errno. */
export interface ProbeResult {
  readonly outcome: 'answered' | 'no answer' | 'failed';
  /** Where the peer sees the connection coming from. */
  readonly seen: { readonly address: string; readonly port: number } | undefined;
  /** Why it failed at once: `ECONNREFUSED`, `EADDRINUSE`, ... */
  readonly error: string | undefined;
}

/** Opens the connections from inside a namespace; results in the order of the probes and their ports. */
export async function openConnections(
  from: Pick<Namespace, 'run'>,
  probes: readonly Probe[],
): Promise<readonly ProbeResult[]> {
  const longest = Math.max(0, ...probes.map((probe) => probe.timeoutMs));
  const { code, stdout, stderr } = await from.run(ownProgram('lab/programs/connect'), {
    input: JSON.stringify(probes),
    timeoutMs: longest + 30_000,
  });
  if (code !== 0) throw new PortfenceError('SYSTEM', `the connections could not be opened: ${stderr.trim()}`);
  return JSON.parse(stdout) as ProbeResult[];
}

/** What Linux hands out by default, both ends included (ip(7)); a test holds it to what the plan takes it for. */
export const LINUX_PORTS = { from: 32_768, to: 60_999 } as const;

/** So many ports, evenly over a range (inclusive): what the kernel would hand out over hours, at once. */
export function spreadPorts(
  count: number,
  from: number = LINUX_PORTS.from,
  to: number = LINUX_PORTS.to,
): readonly number[] {
  const step = (to - from + 1) / count;
  return Array.from({ length: count }, (_, index) => from + Math.floor(step * (index + 0.5)));
}
