import { accessSync, constants } from 'node:fs';

/** Where distributions keep commands and the helpers of engines; administrators' folders may be missing from a user's PATH. */
const FOLDERS = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
  '/usr/lib/podman',
  '/usr/lib/cni',
];

/** Whether the machine has the command. */
export const isThere = (command) =>
  FOLDERS.some((folder) => {
    try {
      accessSync(`${folder}/${command}`, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
