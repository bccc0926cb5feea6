import type { InstallFile } from '../install/files.ts';
import type { Installed } from '../install/install.ts';
import type { Uninstalled } from '../install/uninstall.ts';
import { removedText } from './removed.ts';

interface Words {
  readonly json: unknown;
  readonly text: readonly string[];
}

/** Every file as it would be written, one after another; `changed` where the host has another one, or none. */
export function filesText(files: readonly (InstallFile & { readonly changed: boolean })[], root: string): Words {
  return {
    json: {
      changed: files.some(({ changed }) => changed),
      files: files.map(({ path, text, mode, changed }) => {
        return { path: `${root}${path}`, changed, mode: mode.toString(8), text };
      }),
    },
    text: files.flatMap(({ path, text }) => [`### ${root}${path}`, ...text.replace(/\n$/, '').split('\n'), '']),
  };
}

/** What `install systemd` answers. */
export function installedText({ files, applied, notes }: Installed): Words {
  const changed = files.filter((file) => file.changed);
  return {
    json: {
      changed: changed.length > 0 || (applied?.changed ?? false),
      ...{ files, started: applied !== undefined, notes },
    },
    text: [
      ...changed.map(({ path }) => `wrote ${path}`),
      ...(changed.length === 0 ? ['every file was there already'] : []),
      applied
        ? 'installed: the fence stands, and comes before any container at every boot'
        : 'installed: the fence comes with the next boot, before any container',
    ],
  };
}

/** What `uninstall` answers. */
export function uninstalledText({ files, policyLeft, removed }: Uninstalled): Words {
  const nothing = files.length === 0 && !removed?.changed;
  return {
    json: { files, policyLeft, removed },
    text: [
      ...files.map((path) => `removed ${path}`),
      ...(policyLeft ? [`left ${policyLeft}`] : []),
      ...(nothing ? ['nothing was installed'] : removed ? removedText(removed) : []),
    ],
  };
}
