import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';

/** An engine without containers that sends the events of many. */
export interface ScriptedEngine {
  readonly socket: string;
  /** Sends the events of so many containers that were made, started and ended. */
  sendEvents(count: number): Promise<void>;
  close(): Promise<void>;
}

const ANSWERS: Readonly<Record<string, unknown>> = {
  '/version': { Version: '28.0.0', Components: [] },
  '/networks': [],
  '/containers/json': [],
};
const ACTIONS = [
  ['container', 'create'],
  ['network', 'connect'],
  ['container', 'start'],
  ['container', 'die'],
  ['network', 'disconnect'],
  ['container', 'destroy'],
] as const;

/** Listens on the socket like Docker's API, until it is closed. */
export async function startScriptedEngine(socket: string): Promise<ScriptedEngine> {
  const listeners = new Set<ServerResponse>();
  let count = 0;
  const server = createServer((request, answer) => {
    const path = request.url?.split('?')[0] ?? '';
    if (path === '/events') {
      answer.writeHead(200, { 'content-type': 'application/json' });
      answer.flushHeaders();
      listeners.add(answer);
      answer.on('close', () => listeners.delete(answer));
      return;
    }
    const body = ANSWERS[path];
    answer.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    answer.end(JSON.stringify(body ?? { message: 'page not found' }));
  });
  await once(server.listen(socket), 'listening');
  const event = (id: string, [Type, Action]: (typeof ACTIONS)[number]): string =>
    `${JSON.stringify({ Type, Action, Actor: { ID: id, Attributes: { name: id, image: 'lab' } }, scope: 'local' })}\n`;
  return {
    socket,
    sendEvents: async (starts) => {
      for (let i = 0; i < starts; i++) {
        const id = String(++count).padStart(64, '0');
        for (const listener of listeners) for (const action of ACTIONS) listener.write(event(id, action));
      }
    },
    close: async () => {
      for (const listener of listeners) listener.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
