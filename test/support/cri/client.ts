import { fileURLToPath } from 'node:url';
import { credentials, type GrpcObject, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const PROTO = fileURLToPath(new URL('./cri.proto', import.meta.url));
const CALL_MS = 60_000;

/** A client of a container runtime's own interface, as the kubelet is one. */
export interface CriClient {
  /** One call by its name in the interface; fields as in the proto file. Rejects with the runtime's words. */
  call(method: string, request: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>>;
  close(): void;
}

export function openCri(socket: string): CriClient {
  const loaded = loadPackageDefinition(loadSync(PROTO, { keepCase: true, longs: Number, defaults: true }));
  const Service = serviceAt(loaded, ['runtime', 'v1', 'RuntimeService']);
  const client = new Service(`unix://${socket}`, credentials.createInsecure());
  return {
    call: (method, request) =>
      new Promise((resolve, reject) => {
        const start: unknown = Reflect.get(client, method);
        if (typeof start !== 'function') throw new Error(`no call ${method}`);
        const done = (error: Error | null, answer: Record<string, unknown>): void => {
          if (error) reject(new Error(`${method}: ${error.message}`));
          else resolve(answer);
        };
        start.call(client, request, { deadline: Date.now() + CALL_MS }, done);
      }),
    close: () => client.close(),
  };
}

function serviceAt(loaded: GrpcObject, path: readonly string[]): ServiceClientConstructor {
  let at: unknown = loaded;
  for (const name of path) at = typeof at === 'object' || typeof at === 'function' ? Reflect.get(Object(at), name) : at;
  return at as ServiceClientConstructor;
}
