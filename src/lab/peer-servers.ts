import type { Argv } from '../system/system.ts';
import type { Namespace } from './namespace.ts';
import { labProgram } from './program-file.ts';

/** Ports on every address of the peer. */
export const TELL_PORT = 7000;
export const HTTP_PORT = 80;
const DNS_PORT = 53;
const FILE_BYTES = 64 * 1024;

export interface PeerServers {
  stop(): Promise<void>;
}

/**
 * Starts the servers in a namespace: TCP 7000 and UDP 7000 and 53 tell each client how it is seen, TCP 80 serves a file of
 * 64 KiB over HTTP. IPv4 and IPv6, all addresses.
 */
export async function servePeer(peer: Namespace, addresses: readonly string[]): Promise<PeerServers> {
  // Answers that never arrive would otherwise be repeated for a minute, and count as packets of a later test.
  await peer.expect(['sysctl', '-q', '-w', 'net.ipv4.tcp_synack_retries=1', 'net.ipv4.tcp_max_syn_backlog=4096']);
  const { stop } = await peer.hold(peerProgram(addresses, { stay: false }));
  return { stop };
}

/** The servers' command. With `stay` it does not end with its standard input. */
export function peerProgram(addresses: readonly string[], { stay }: { stay: boolean }): Argv {
  const ports = { tcp: [TELL_PORT], udp: [TELL_PORT, DNS_PORT], http: [HTTP_PORT] };
  return labProgram('tell', JSON.stringify({ addresses, ...ports, fileBytes: FILE_BYTES, stay }));
}
