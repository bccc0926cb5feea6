import { access } from 'node:fs/promises';
import type { Client } from '@grpc/grpc-js';

/** One connection for all calls to a socket; it does not keep this process running. */
const clients = new Map<string, Client>();
const LARGEST_ANSWER = 64 * 1024 * 1024;

/** See `Sockets.grpc`. The library is loaded with the first call: most hosts have nothing that speaks it. */
export async function grpc(
  socketPath: string,
  method: string,
  request: Uint8Array,
  timeoutMs: number,
): Promise<Uint8Array> {
  await access(socketPath);
  const library = await import('@grpc/grpc-js');
  const options = { 'grpc.max_receive_message_length': LARGEST_ANSWER };
  const client =
    clients.get(socketPath) ?? new library.Client(`unix:${socketPath}`, library.credentials.createInsecure(), options);
  clients.set(socketPath, client);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      method,
      (bytes: Uint8Array) => Buffer.from(bytes),
      (bytes: Buffer): Uint8Array => bytes,
      request,
      { deadline: Date.now() + timeoutMs },
      (error, answer) => (error ? reject(error) : resolve(answer ?? new Uint8Array())),
    );
  });
}
