import type { PortSet } from '../ports.ts';
import { type AclRouter, loadAcl } from './acl-router.ts';
import { addBridge, type Bridge, type BridgeSpec } from './bridges.ts';
import { createNamespace, type Namespace } from './namespace.ts';
import { type PeerServers, servePeer } from './peer-servers.ts';
import { connectHosts, peerAddresses } from './topology.ts';

/** What a testbed is built with. */
export interface TestbedSpec {
  /** Destination ports that the ACL lets into the host's subnet, both ends included. */
  readonly allowed: PortSet;
  /** What would not be let in is counted and let in all the same: for measuring what a fence costs, not what it saves. */
  readonly countsOnly?: boolean;
  /** Further ports that it lets in, for services of the host. */
  readonly published?: readonly number[];
  /** 2: a second way out (eth1), the one towards 198.51.100.0/24. */
  readonly uplinks?: 1 | 2;
  /** How many further addresses the peer has (see `mirrorAddress`); at most 200. */
  readonly mirrors?: number;
}

/** A host behind a stateless network ACL, and a peer beyond it; all in namespaces that end with this process. */
export interface Testbed {
  readonly allowed: PortSet;
  readonly host: Namespace;
  readonly router: Namespace;
  readonly peer: Namespace;
  readonly acl: AclRouter;
  /** Servers on the peer: each echoes the source address and port that it sees. */
  readonly servers: PeerServers;
  addBridge(spec: BridgeSpec): Promise<Bridge>;
  /** Runs when the testbed closes, before the namespaces go; the latest first. At once where it is closed already. */
  onClose(task: () => Promise<void>): void;
  /** Removes everything. A second call waits for the first. */
  close(): Promise<void>;
}

/** Builds the testbed, in about half a second. Throws PortfenceError, with nothing left behind, where the kernel refuses. */
export async function buildTestbed(spec: TestbedSpec): Promise<Testbed> {
  const namespaces: Namespace[] = [];
  const tasks: (() => Promise<void>)[] = [];
  const tearDown = async (): Promise<void> => {
    const problems: unknown[] = [];
    for (const task of tasks.splice(0).reverse()) await task().catch((problem: unknown) => problems.push(problem));
    await Promise.all(namespaces.splice(0).map((namespace) => namespace.close()));
    if (problems.length > 0) throw new AggregateError(problems, 'the lab could not be removed completely');
  };
  try {
    const held = await Promise.allSettled([createNamespace(), createNamespace(), createNamespace()]);
    for (const result of held) if (result.status === 'fulfilled') namespaces.push(result.value);
    for (const result of held) if (result.status === 'rejected') throw result.reason;
    const [host, router, peer] = namespaces;
    if (!host || !router || !peer) throw new Error('three namespaces were asked for');
    await connectHosts({ host, router, peer }, { uplinks: spec.uplinks ?? 1, mirrors: spec.mirrors ?? 0 });
    const [acl, servers] = await Promise.all([
      loadAcl(router, {
        allowed: spec.allowed,
        published: spec.published ?? [],
        countsOnly: spec.countsOnly ?? false,
      }),
      servePeer(peer, peerAddresses(spec.mirrors ?? 0)),
    ]);
    let closing: Promise<void> | undefined;
    return {
      allowed: spec.allowed,
      host,
      router,
      peer,
      acl,
      servers,
      addBridge: (bridge) =>
        addBridge(host, bridge, (guest) => {
          if (closing) void guest.close();
          else namespaces.push(guest);
        }),
      onClose: (task) => {
        if (closing) void task().catch(() => {});
        else tasks.push(task);
      },
      close: () => {
        closing ??= tearDown();
        return closing;
      },
    };
  } catch (error) {
    await tearDown();
    throw error;
  }
}
