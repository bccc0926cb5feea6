import process from 'node:process';
import { readBytes, runBytes } from './bytes.ts';
import { startChild, startCoprocess, streamCommand } from './child.ts';
import { realClock } from './clock.ts';
import { startDetached } from './detached.ts';
import { replaceText, writeOutput } from './foreign-file.ts';
import { grpc } from './grpc.ts';
import { http } from './http.ts';
import { lock } from './lock.ts';
import { processIdentity } from './process-identity.ts';
import { linkTarget, list, pathIn, readInput, readText } from './read-file.ts';
import { run } from './run.ts';
import { forwardLoopback, serveHttp } from './serve.ts';
import { getJson, streamSocket } from './sockets.ts';
import type { System } from './system.ts';
import { watchFile, watchFolder } from './watch.ts';
import { remove, writeKernel, writeText } from './write-file.ts';

/** The machine that this process runs on. */
export const realSystem: System = {
  ...{ run, startChild, streamCommand, startCoprocess, startDetached, lock, processIdentity },
  ...{ readText, readInput, writeText, writeOutput, replaceText, writeKernel, remove, list, linkTarget, pathIn },
  ...{ readBytes, runBytes, serveHttp, forwardLoopback },
  ...{ getJson, grpc, http, streamSocket },
  ...{ watchFolder, watchFile },
  ...realClock,
  pid: process.pid,
  isRoot: process.geteuid?.() === 0,
  env: process.env,
};
