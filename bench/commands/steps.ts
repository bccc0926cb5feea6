import process from 'node:process';
import { HOST, PEER } from '../../src/lab/topology.ts';
import type { Argv } from '../../src/system/system.ts';
import { LAUNCHER } from '../agent/raise.ts';

const PORTS = '49152-61000';
const OTHER_PORTS = '40000-48000';
/** What `status`, `plan` and `apply` may take, in milliseconds. */
export const TARGET_MS = 400;

/** One process to be measured, and how it must end. */
export interface Step {
  readonly name: string;
  readonly argv: Argv;
  readonly exit: number;
  /** Whether the target is for this one. */
  readonly promised: boolean;
}

const portfence = (name: string, args: readonly string[], { exit = 0, promised = false } = {}): Step => ({
  name,
  argv: [process.execPath, LAUNCHER, ...args],
  exit,
  promised,
});

/** The yardstick: what a process costs that does nothing. */
export const BARE: Step = { name: '`node -e 0`', argv: [process.execPath, '-e', '0'], exit: 0, promised: false };
const FLOW = `tcp ${HOST.ipv4}:40001 > ${PEER.ipv4}:443`;

/** In the order of a fence's life: each finds what the one before it left, and the last leaves nothing. */
export const STEPS: readonly Step[] = [
  BARE,
  portfence('`--version`', ['--version']),
  portfence('`plan`, no fence yet', ['plan', '--ports', PORTS], { exit: 1, promised: true }),
  portfence('`apply`, no fence yet', ['apply', '--ports', PORTS], { promised: true }),
  portfence('`plan`, nothing to change', ['plan', '--ports', PORTS], { promised: true }),
  portfence('`apply`, nothing to change', ['apply', '--ports', PORTS], { promised: true }),
  portfence('`apply`, other ports', ['apply', '--ports', OTHER_PORTS], { promised: true }),
  portfence('`status`', ['status'], { promised: true }),
  portfence('`explain`', ['explain', FLOW]),
  portfence('`remove`', ['remove']),
];
