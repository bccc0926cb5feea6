import { PortfenceError } from '../errors.ts';
import { refused } from '../observe/ask.ts';
import { trackedCount } from '../observe/conntrack.ts';
import type { ByteSink, System } from '../system/system.ts';
import { type FlowScan, openScan } from './flow-scan.ts';
import type { FlowScope } from './scope.ts';

/** Where the kernel's table was read. */
export const ROADS = ['/proc/net/nf_conntrack', 'conntrack -L -o extended'] as const;
export type Road = (typeof ROADS)[number];

export interface SeenFlows {
  readonly scan: FlowScan;
  readonly road: Road;
  /** Milliseconds since the epoch, and that the pass took. */
  readonly at: number;
  readonly tookMs: number;
}

export interface PassOptions {
  /** Is told again and again how many entries were read. */
  readonly onProgress?: ((entries: number) => void) | undefined;
  /** A command waits for the answer: a second thread may help with a long table, see `ReadBytesOptions`. */
  readonly ahead?: boolean;
}

/** So many entries are read in the time that a thread takes to start. */
const WORTH_A_THREAD = 20_000;
const SYN_SENT = '/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_syn_sent';

/**
 * One pass over the tracked flows, as a stream. The file is tried first: it costs half of what conntrack(8) does; kernels of
 * some distributions have none (NF_CONNTRACK_PROCFS). A million entries take about 2 s. Throws
 * TOOL_MISSING, NOT_ROOT or SYSTEM.
 */
export async function observeFlowScan(
  system: System,
  scope: FlowScope,
  { onProgress, ahead = false }: PassOptions = {},
): Promise<SeenFlows> {
  const at = system.now();
  const timeout = Number(await system.readText(SYN_SENT).catch(() => undefined));
  const running = openScan(scope, timeout > 0 ? { synSentS: timeout } : {});
  const { scan } = running;
  const take: ByteSink = (bytes, count) => {
    running.take(bytes, count);
    onProgress?.(scan.totals.entries);
  };
  const isLong = ahead && ((await trackedCount(system)) ?? 0) > WORTH_A_THREAD;
  const road = await readRoad(system, take, isLong);
  running.end();
  if (scan.totals.entries === 0 && scan.totals.malformed > 0)
    throw new PortfenceError('SYSTEM', `${road} holds ${scan.totals.malformed} lines, and none of them is a flow`, {
      hint: 'report this kernel and the version of conntrack: uname -r; conntrack --version',
    });
  return { scan, road, at, tookMs: system.now() - at };
}

async function readRoad(system: System, take: ByteSink, ahead: boolean): Promise<Road> {
  const [file, command] = ROADS;
  // A file that can't be opened has given no byte yet, so that the other road starts clean.
  let begun = false;
  const first: ByteSink = (bytes, count) => {
    begun = true;
    take(bytes, count);
  };
  try {
    if (await system.readBytes(file, first, { ahead })) return file;
  } catch (error) {
    if (begun) throw error;
  }
  const argv = ['conntrack', '-L', '-o', 'extended'] as const;
  const done = await system.runBytes(argv, take);
  if (done.code !== 0) throw refused(argv, done);
  return command;
}
