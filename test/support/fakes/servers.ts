import { PortfenceError } from '../../../src/errors.ts';
import type { HttpHandler, HttpServing, Servers } from '../../../src/system/system.ts';

/** The first port that the fake gives out where any will do. */
const FREE_PORT = 40_000;

/** Servers that a test asks by calling their handler. */
export function fakeServers(served: Map<string, HttpHandler>): Servers {
  const take = (name: string, handle: HttpHandler): HttpServing => {
    served.set(name, handle);
    return { close: async () => void (served.get(name) === handle && served.delete(name)) };
  };
  const requireFree = (host: string, port: number): void => {
    if (served.has(`${host}:${port}`))
      throw new PortfenceError('SYSTEM', `can't listen on ${host} port ${port}: EADDRINUSE`, {
        hint: 'choose another port',
      });
  };
  return {
    serveHttp: async (place, handle) => {
      if ('socket' in place) return take(place.socket, handle);
      requireFree(place.host, place.port);
      return take(`${place.host}:${place.port}`, handle);
    },
    forwardLoopback: async (socket, wanted) => {
      let port = wanted === 0 ? FREE_PORT : wanted;
      while (wanted === 0 && served.has(`127.0.0.1:${port}`)) port += 1;
      requireFree('127.0.0.1', port);
      const lead: HttpHandler = async (request) => {
        const handle = served.get(socket);
        if (!handle) throw new Error('nothing listens on the socket');
        return handle(request);
      };
      return { port, ...take(`127.0.0.1:${port}`, lead) };
    },
  };
}
