import { existsSync, type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/**
 * Tells the name of whatever appears, changes or goes in a folder (inotify), and '' when the folder itself has come or gone.
 * A folder that is not there yet is waited for by its nearest ancestor, without polling.
 */
export function watchFolder(path: string, onName: (name: string) => void): { close(): void } {
  let watcher: FSWatcher | undefined;
  let closed = false;
  const start = (): void => {
    watcher?.close();
    if (closed) return;
    const at = nearest(path);
    const isIt = at === path;
    try {
      watcher = watch(at, (_, name) => {
        if (isIt) onName(name ?? '');
        if (nearest(path) !== at || (isIt && name === basename(path))) start();
      });
    } catch {
      start(); // It went between the question and the watch.
      return;
    }
    watcher.on('error', start);
    if (isIt) onName('');
    else if (nearest(path) !== at) start(); // It came between the question and the watch.
  };
  start();
  return {
    close: () => {
      closed = true;
      watcher?.close();
    },
  };
}

/** The folder itself, or the longest part of its path that exists. */
function nearest(path: string): string {
  let at = path;
  while (!existsSync(at) && at !== dirname(at)) at = dirname(at);
  return at;
}
