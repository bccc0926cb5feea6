import { connectionTables } from './connections.ts';
import { ask, find, setItems, setText } from './page-elements.ts';
import { pastSection, rulesSection } from './past.ts';
import { drawPast, drawPortMap, type Point } from './pictures.ts';
import type { Flows, Pushed } from './shapes.ts';

const MOST_POINTS = 3600;
const RULES_EVERY_MS = 60_000;

const age = (ms: number): string => {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
};

const showConnections = connectionTables();
const past = pastSection();
const showRules = rulesSection();
const points: Point[] = [];
let before: Pushed | undefined;
let flows: Flows | undefined;
let rulesAt = 0;

function show(now: Pushed): void {
  const { status, counters } = now;
  const seconds = before ? Math.max(0.001, (now.at - before.at) / 1000) : 1;
  const rate = (name: string): number =>
    before?.counters && counters ? Math.max(0, (counters[name] ?? 0) - (before.counters[name] ?? 0)) / seconds : 0;
  const shares = flows?.destinations.map(({ inUse, available }) => inUse / Math.max(1, available)) ?? [];
  const leaks = rate('leaked');
  points.push({ at: now.at, leaks, full: Math.max(0, ...shares) });
  if (points.length > MOST_POINTS) points.shift();
  showState(now);
  setText('leaked', `${counters?.['leaked'] ?? 0} (${leaks.toFixed(1)}/s)`);
  find('leaked', HTMLElement).className = leaks > 0 ? 'bad' : '';
  setText('confined', `${counters?.['confined'] ?? 0} (${rate('confined').toFixed(1)}/s)`);
  setText('restored', `${status?.healed ?? 0} times`);
  const { given = 0, kept = [] } = status?.native ?? {};
  setText('native', `${given} containers have the range as their own, ${kept.length} keep another`);
  setText('sources', (status?.sources ?? []).map(({ name, health }) => `${name}: ${health}`).join(', '));
  const hasHappened = before?.status?.healed !== status?.healed || before?.status?.state !== status?.state || leaks > 0;
  void past.look(now.at, hasHappened);
  if (now.flowsAt !== null && now.flowsAt !== flows?.report?.at) void lookAtFlows();
  if (now.at - rulesAt >= RULES_EVERY_MS) {
    rulesAt = now.at;
    void showRules();
  }
  drawPast(find('past', HTMLCanvasElement), points);
  before = now;
}

function showState({ at, status, layers }: Pushed): void {
  const state = status?.state ?? 'starting';
  const badge = find('state', HTMLElement);
  badge.textContent = state === 'inSync' ? `in sync for ${age(at - (status?.stateSince ?? at))}` : state;
  badge.className = state === 'inSync' ? 'good' : 'bad';
  setText('layers', layers);
  const failure = state === 'failing' && status?.lastError ? [status.lastError.message] : [];
  setItems('drift', [...(status?.drift ?? []), ...failure]);
}

async function lookAtFlows(): Promise<void> {
  flows = (await ask<Flows>('/api/flows')) ?? flows;
  const { leaving, outOfRange, hanging } = flows?.report?.totals ?? {};
  setText(
    'connections',
    leaving === undefined
      ? 'not looked at yet'
      : `${leaving}, ${outOfRange} out of range, ${hanging} without an answer`,
  );
  if (flows) showConnections(flows);
  drawPorts();
}

function drawPorts(): void {
  const report = flows?.report;
  setText('ports', report ? `${report.ranges} (${report.available} ports)` : '');
  if (report) drawPortMap(find('map', HTMLCanvasElement), report.portMap, report.ranges);
}

addEventListener('resize', () => {
  drawPorts();
  drawPast(find('past', HTMLCanvasElement), points);
  if (before) past.draw(before.at);
});
const events = new EventSource('/api/events');
events.addEventListener('message', ({ data }) => {
  setText('link', 'live');
  show(JSON.parse(String(data)) as Pushed);
});
// The browser connects again by itself.
events.addEventListener('error', () => setText('link', 'the agent does not answer; trying again'));
