import { FAMILY, TABLE } from '../plan/nftables/table.ts';
import type { Followed, System } from '../system/system.ts';

export interface Sources {
  close(): Promise<void>;
}

export interface SourceOptions {
  /** Unix sockets of container engines that may come and go. */
  readonly sockets: readonly string[];
  /** Files whose change matters; they may come later. */
  readonly files: readonly string[];
  /** Something may have changed. */
  readonly onChange: () => void;
  /** Our table was taken away. */
  readonly onLost: () => void;
  readonly onPolicy: () => void;
}

/** Milliseconds until a command or a socket that broke off is tried again. */
const AGAIN_MS = 1000;
const ENGINE_EVENTS = `/events?filters=${encodeURIComponent(JSON.stringify({ type: ['network', 'container'] }))}`;
const LOST = `delete table ${FAMILY} ${TABLE}`;

/** Everything that tells that something happened. What exactly does not matter: whoever is told looks again. */
export function openSources(system: System, options: SourceOptions): Sources {
  const stops: (() => Promise<void>)[] = [];
  let closed = false;
  const keep = (start: () => Followed): void => {
    let current: Followed | undefined;
    const run = async (): Promise<void> => {
      while (!closed) {
        current = start();
        await current.ended;
        if (closed) return;
        options.onChange(); // Whatever happened meanwhile was not told.
        await system.sleep(AGAIN_MS);
      }
    };
    void run();
    stops.push(async () => current?.stop());
  };
  keep(() =>
    system.follow(['nft', 'monitor'], (line) => {
      if (line.startsWith(LOST)) options.onLost();
      else if (!line.startsWith('#')) options.onChange();
    }),
  );
  keep(() => system.follow(['ip', '-o', 'monitor', 'link', 'address', 'route'], options.onChange));
  for (const socket of options.sockets) {
    let events: Followed | undefined;
    const connect = (): void => {
      if (closed || events) return;
      const mine = system.followSocket(socket, ENGINE_EVENTS, options.onChange);
      events = mine;
      void mine.ended.then(async () => {
        events = undefined;
        options.onChange();
        await system.sleep(AGAIN_MS / 4);
        if ((await system.list(folderOf(socket))).includes(nameOf(socket))) connect();
      });
    };
    const watch = system.watchFolder(folderOf(socket), (name) => {
      if (name === '' || name === nameOf(socket)) connect();
    });
    stops.push(async () => {
      watch.close();
      await events?.stop();
    });
  }
  for (const file of options.files) {
    const watch = system.watchFolder(folderOf(file), (name) => {
      if (name === '' || name === nameOf(file)) options.onPolicy();
    });
    stops.push(async () => watch.close());
  }
  return {
    close: async () => {
      closed = true;
      await Promise.allSettled(stops.map((stop) => stop()));
    },
  };
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
