import type { History } from './shapes.ts';

const PORTS = 65_536;
const DAY_MINUTES = 1440;

/** A canvas at the resolution of the screen. */
interface Prepared {
  readonly pen: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
}

function prepare(canvas: HTMLCanvasElement): Prepared | undefined {
  const pen = canvas.getContext('2d');
  if (!pen) return undefined;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = width * devicePixelRatio;
  canvas.height = height * devicePixelRatio;
  pen.scale(devicePixelRatio, devicePixelRatio);
  pen.clearRect(0, 0, width, height);
  return { pen, width, height };
}

const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`);

/** Connections by the port they leave with, over the allowed ranges. */
export function drawPortMap(canvas: HTMLCanvasElement, groups: readonly number[], ranges: string): void {
  const ready = prepare(canvas);
  if (!ready) return;
  const { pen, width, height } = ready;
  const allowed = ranges.split(',').map((text) => {
    const [from = 0, to = from] = text.split('-').map(Number);
    return { from, to };
  });
  pen.fillStyle = colour('allowed');
  for (const { from, to } of allowed)
    pen.fillRect((from / PORTS) * width, 0, Math.max(1, ((to - from + 1) / PORTS) * width), height);
  const most = Math.max(1, ...groups);
  const each = PORTS / groups.length;
  for (const [i, count] of groups.entries()) {
    if (count === 0) continue;
    const isAllowed = allowed.some(({ from, to }) => i * each + each > from && i * each <= to);
    const bar = Math.max(3, (count / most) * height);
    pen.fillStyle = colour(isAllowed ? 'good' : 'bad');
    pen.fillRect((i * each * width) / PORTS, height - bar, Math.max(2, width / groups.length - 0.5), bar);
  }
}

/** A point of the past: when, the share of the fullest destination (0 to 1), and leaks. */
export interface Point {
  readonly at: number;
  readonly full: number;
  readonly leaks: number;
}

/** Use as a line, leaks as bars, over the time from one point to another. A gap of more than `apart` is no line. */
function drawTime(
  { pen, width, height }: Prepared,
  points: readonly Point[],
  { from, to, apart }: { readonly from: number; readonly to: number; readonly apart: number },
): void {
  const xOf = (at: number): number => ((at - from) / Math.max(1, to - from)) * width;
  const most = Math.max(1, ...points.map(({ leaks }) => leaks));
  pen.fillStyle = colour('bad');
  for (const { at, leaks } of points)
    if (leaks > 0) pen.fillRect(xOf(at) - 1, height - (leaks / most) * height, 3, (leaks / most) * height);
  pen.strokeStyle = colour('good');
  pen.lineWidth = 2;
  pen.beginPath();
  let last = Number.NEGATIVE_INFINITY;
  for (const { at, full } of points) {
    const y = height - 1 - full * (height - 2);
    if (at - last > apart) {
      pen.moveTo(xOf(at), y);
      pen.lineTo(xOf(at) + 1, y);
    } else pen.lineTo(xOf(at), y);
    last = at;
  }
  pen.stroke();
}

/** The seconds since the page was opened. */
export function drawPast(canvas: HTMLCanvasElement, points: readonly Point[]): void {
  const ready = prepare(canvas);
  const [first, last] = [points[0], points.at(-1)];
  if (ready && first && last) drawTime(ready, points, { from: first.at, to: last.at, apart: Number.POSITIVE_INFINITY });
}

/** The last 24 hours; minutes at whose end the kernel was not as planned have a band. */
export function drawDay(canvas: HTMLCanvasElement, { minutes }: History, now: number): void {
  const ready = prepare(canvas);
  if (!ready) return;
  const to = Math.floor(now / 60_000);
  const from = to - DAY_MINUTES;
  const { pen, width, height } = ready;
  pen.fillStyle = colour('warn');
  for (const [minute, , , , inSync] of minutes)
    if (!inSync) pen.fillRect(((minute - from) / DAY_MINUTES) * width, 0, Math.max(2, width / DAY_MINUTES), height);
  const points = minutes.map(([at, leaks, , full]) => ({ at, leaks, full: full / 1000 }));
  drawTime(ready, points, { from, to, apart: 2 });
}
