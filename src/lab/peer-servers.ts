import { ownProgram } from '../system/own-program.ts';
import type { Argv } from '../system/system.ts';
import type { Namespace } from './namespace.ts';

/** Ports on every address of the peer. */
export const ECHO_ADDRESS_PORT = 7000;
/** Where the peer serves a file over HTTP. */
export const HTTP_PORT = 80;
const DNS_PORT = 53;
const FILE_BYTES = 64 * 1024;

/** The running servers of the peer. */
export interface PeerServers {
  stop(): Promise<void>;
}

/**
 * Starts the servers in a namespace: TCP 7000 and UDP 7000 and 53 echo the source that they see, TCP 80 serves a file of
 * 64 KiB over HTTP. IPv4 and IPv6, all addresses.
 */
export async function servePeer(peer: Namespace, addresses: readonly string[]): Promise<PeerServers> {
  // Answers that never arrive would otherwise be repeated for a minute, and count as packets of a later test.
  await peer.expect(['sysctl', '-q', '-w', 'net.ipv4.tcp_synack_retries=1', 'net.ipv4.tcp_max_syn_backlog=4096']);
  const { stop } = await peer.startChild(peerProgram(addresses, { stay: false }));
  return { stop };
}

/** The servers' command. With `stay` it does not end with its standard input. */
export function peerProgram(addresses: readonly string[], { stay }: { stay: boolean }): Argv {
  const ports = { tcp: [ECHO_ADDRESS_PORT], udp: [ECHO_ADDRESS_PORT, DNS_PORT], http: [HTTP_PORT] };
  return ownProgram('lab/programs/echo-address', JSON.stringify({ addresses, ...ports, fileBytes: FILE_BYTES, stay }));
}
