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
    let at = path;
    while (!existsSync(at) && at !== dirname(at)) at = dirname(at);
    try {
      watcher = watch(at, (_, name) => {
        if (at !== path) return existsSync(path) || existsSync(`${at}/${nextPart(path, at)}`) ? start() : undefined;
        if (!existsSync(path) || name === basename(path)) start();
        onName(name ?? '');
      });
    } catch {
      return start(); // It went between the question and the watch.
    }
    watcher.on('error', start);
    if (at === path) onName('');
    else if (existsSync(`${at}/${nextPart(path, at)}`)) start(); // It came before the watch was set.
  };
  start();
  return {
    close: () => {
      closed = true;
      watcher?.close();
    },
  };
}

const nextPart = (path: string, ancestor: string): string => {
  const rest = path.slice(ancestor === '/' ? 1 : ancestor.length + 1);
  return rest.split('/')[0] ?? '';
};
