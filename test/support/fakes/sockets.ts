import type { Coprocess, HttpOutcome, HttpRequest, Sockets } from '../../../src/system/system.ts';

/** How sockets and HTTP servers answer. */
export interface SocketScript {
  /** Answers by `SOCKET PATH`; an Error is thrown. A socket that is not here does not exist (ENOENT). */
  readonly sockets?: Readonly<Record<string, unknown>>;
  /** How requests over HTTP end; where it is missing nothing listens. */
  readonly http?: (request: HttpRequest) => HttpOutcome;
}

/** gRPC's number for a call that the service does not have. */
const UNIMPLEMENTED = 12;

interface Options {
  readonly script: SocketScript;
  readonly asked: string[];
  readonly stream: (source: string, onLine: (line: string) => void) => Coprocess;
}

/** Sockets that answer as a script says. */
export function fakeSockets({ script, asked, stream }: Options): Sockets {
  const isThere = (socket: string) => Object.keys(script.sockets ?? {}).some((name) => name.startsWith(`${socket} `));
  const answerTo = (socket: string, path: string, unknown: Error): unknown => {
    const key = `${socket} ${path}`;
    asked.push(key);
    const answer = script.sockets?.[key];
    if (answer instanceof Error) throw answer;
    if (answer !== undefined) return answer;
    if (isThere(socket)) throw unknown;
    throw Object.assign(new Error(`connect ENOENT ${socket}`), { code: 'ENOENT' });
  };
  return {
    getJson: async (socket, path) => answerTo(socket, path, new Error(`${socket} ${path}: HTTP 404`)),
    grpc: async (socket, method) => {
      const unknown = Object.assign(new Error(`12 UNIMPLEMENTED: unknown method ${method}`), { code: UNIMPLEMENTED });
      const answer = answerTo(socket, method, unknown);
      if (answer instanceof Uint8Array) return answer;
      throw unknown;
    },
    http: async (request) =>
      script.http?.(request) ?? { outcome: 'failed', code: 'ECONNREFUSED', reason: 'connect ECONNREFUSED' },
    streamSocket: (socket, path, onLine) => {
      const events = stream(`${socket} ${path}`, onLine);
      if (!isThere(socket)) void events.stop();
      return events;
    },
  };
}
