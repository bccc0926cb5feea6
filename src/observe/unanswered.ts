import { Buffer } from 'node:buffer';
import { PortfenceError } from '../errors.ts';
import { scrub } from '../scrub.ts';
import type { ByteSink, System } from '../system/system.ts';
import { refused } from './ask.ts';
import { type FlowEntry, readConntrack, TRACKED_FLOWS } from './conntrack.ts';
import { type LineFields, newFields, readLine } from './flow-line.ts';
import { lineSplitter } from './line-splitter.ts';

/** Which flows without an answer are looked at, and what is done with each. Nothing is kept here. */
export interface UnansweredSink {
  /** Asked for each line; the fields are written over after the call. */
  readonly isWanted: (line: LineFields) => boolean;
  readonly onFlow: (flow: FlowEntry) => void;
}

const LIST = ['conntrack', '-L', '-o', 'extended'] as const;

/**
 * Gives the tracked flows of which no packet of the other direction was seen, one by one as they are read: a host may have a
 * million. `canSelect`: conntrack takes `-u UNREPLIED`, also for deletions; 1.4.6 does not know it ("Bad parameter"), and its
 * whole listing is looked through. Throws TOOL_MISSING, NOT_ROOT or SYSTEM.
 */
export async function eachUnanswered(system: System, sink: UnansweredSink): Promise<{ readonly canSelect: boolean }> {
  const argv = [...LIST, '-u', 'UNREPLIED'] as const;
  const selected = await listed(system, argv, sink);
  if (selected.code === 0) return { canSelect: true };
  if (!/Bad parameter/.test(selected.stderr)) throw refused(argv, selected);
  const all = await listed(system, LIST, sink);
  if (all.code !== 0) throw refused(LIST, all);
  return { canSelect: false };
}

/** The same from the kernel's own file, for a host without conntrack(8); false where the kernel does not give it. */
export async function eachUnansweredOfFile(system: System, sink: UnansweredSink): Promise<boolean> {
  const lines = unansweredLines(sink, TRACKED_FLOWS);
  const found = await system.readBytes(TRACKED_FLOWS, lines.take).catch(() => false);
  if (found) lines.end();
  return found;
}

async function listed(system: System, argv: readonly [string, ...string[]], sink: UnansweredSink) {
  const lines = unansweredLines(sink, argv.join(' '));
  const done = await system.runBytes(argv, lines.take);
  if (done.code === 0) lines.end();
  return done;
}

/** `end` throws SYSTEM where there were lines and not one was a flow. */
function unansweredLines({ isWanted, onFlow }: UnansweredSink, from: string): { take: ByteSink; end(): void } {
  const line = newFields();
  let understood = false;
  let strange: string | undefined;
  const splitter = lineSplitter((bytes, first, end) => {
    const text = (start: number): string => Buffer.from(bytes.subarray(start, line.newline)).toString('latin1');
    for (let start = first; start < end; start = line.newline + 1) {
      const kind = readLine(bytes, start, end, line);
      if (kind !== 'malformed') understood = true;
      else if (line.newline > start && strange === undefined) strange = text(start).slice(0, 80);
      if (kind === 'flow' && line.unreplied && isWanted(line))
        for (const flow of readConntrack(text(start))) onFlow(flow);
    }
  });
  return {
    take: splitter.take,
    end: () => {
      splitter.end();
      if (strange === undefined || understood) return;
      throw new PortfenceError('SYSTEM', `${from} listed something that is no flow: ${scrub(strange)}`);
    },
  };
}
