import process from 'node:process';
import { HOST, PEER } from '../../src/lab/topology.ts';
import type { Argv } from '../../src/system/system.ts';
import { LAUNCHER } from '../agent/start-agent.ts';

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
  readonly hasTarget: boolean;
}

const portfence = (name: string, args: readonly string[], { exit = 0, hasTarget = false } = {}): Step => ({
  name,
  argv: [process.execPath, LAUNCHER, ...args],
  exit,
  hasTarget,
});

/** The yardstick: what a process costs that does nothing. */
export const BARE: Step = { name: '`node -e 0`', argv: [process.execPath, '-e', '0'], exit: 0, hasTarget: false };
const FLOW = `tcp ${HOST.ipv4}:40001 > ${PEER.ipv4}:443`;

/** In the order of a fence's life: each finds what the one before it left, and the last leaves nothing. */
export const STEPS: readonly Step[] = [
  BARE,
  portfence('`--version`', ['--version']),
  portfence('`plan`, no fence yet', ['plan', '--ports', PORTS], { exit: 1, hasTarget: true }),
  portfence('`apply`, no fence yet', ['apply', '--ports', PORTS], { hasTarget: true }),
  portfence('`plan`, nothing to change', ['plan', '--ports', PORTS], { hasTarget: true }),
  portfence('`apply`, nothing to change', ['apply', '--ports', PORTS], { hasTarget: true }),
  portfence('`apply`, other ports', ['apply', '--ports', OTHER_PORTS], { hasTarget: true }),
  portfence('`status`', ['status'], { hasTarget: true }),
  portfence('`explain`', ['explain', FLOW]),
  portfence('`remove`', ['remove']),
];
