/** A line of a chart. Points in ascending x. */
export interface Curve {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** One axis of a chart. */
export interface Axis {
  readonly title: string;
  /** Where lines are drawn across, ascending, with what is written there; the first and the last are the ends. */
  readonly ticks: readonly (readonly [value: number, label: string])[];
  /** Turns a value into a place between the ends; straight unless given. */
  readonly scale?: (value: number) => number;
}

/** A chart of curves. */
export interface Chart {
  readonly title: string;
  readonly about: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly curves: readonly Curve[];
}

const SIZE = { width: 760, height: 400, left: 76, right: 36, top: 44, bottom: 92 } as const;
/** Told apart by colour, and by dashes where colours can't be (Okabe and Ito's palette). */
const STROKES = [
  { colour: '#000000', dashes: '' },
  { colour: '#d55e00', dashes: '9 4' },
  { colour: '#0072b2', dashes: '2 3' },
  { colour: '#009e73', dashes: '' },
] as const;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** The chart as an SVG file of its own. One string a line. */
export function curvesChart({ title, about, x, y, curves }: Chart): readonly string[] {
  const across = placer(x, SIZE.left, SIZE.width - SIZE.right);
  const up = placer(y, SIZE.height - SIZE.bottom, SIZE.top);
  const [bottom, right] = [SIZE.height - SIZE.bottom, SIZE.width - SIZE.right];
  const middle = { x: (SIZE.left + right) / 2, y: (SIZE.top + bottom) / 2 };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" role="img" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    `<desc>${escaped(about)}</desc>`,
    `<rect width="${SIZE.width}" height="${SIZE.height}" fill="#ffffff"/>`,
    `<text x="${SIZE.left}" y="24" font-size="15" font-weight="bold">${escaped(title)}</text>`,
    ...y.ticks.flatMap(([value, label]) => [
      `<line x1="${SIZE.left}" x2="${right}" y1="${up(value)}" y2="${up(value)}" stroke="#dddddd"/>`,
      `<text x="${SIZE.left - 8}" y="${up(value) + 4}" text-anchor="end">${escaped(label)}</text>`,
    ]),
    ...x.ticks.flatMap(([value, label]) => [
      `<line x1="${across(value)}" x2="${across(value)}" y1="${SIZE.top}" y2="${bottom}" stroke="#eeeeee"/>`,
      `<text x="${across(value)}" y="${bottom + 18}" text-anchor="middle">${escaped(label)}</text>`,
    ]),
    `<text x="${middle.x}" y="${bottom + 38}" text-anchor="middle">${escaped(x.title)}</text>`,
    `<text transform="translate(18 ${middle.y}) rotate(-90)" text-anchor="middle">${escaped(y.title)}</text>`,
    ...curves.flatMap(({ points }, index) => {
      const { colour, dashes } = stroke(index);
      const path = points.map(([a, b]) => `${across(a)},${up(b)}`).join(' ');
      return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2" stroke-dasharray="${dashes}"/>`;
    }),
    ...curves.flatMap(({ name }, index) => legend(name, index)),
    '</svg>',
  ];
}

const stroke = (index: number) => STROKES[index % STROKES.length] ?? STROKES[0];

function legend(name: string, index: number): readonly string[] {
  const { colour, dashes } = stroke(index);
  const x = SIZE.left + (index % 2) * 330;
  const y = SIZE.height - 34 + Math.floor(index / 2) * 20;
  return [
    `<line x1="${x}" x2="${x + 30}" y1="${y}" y2="${y}" stroke="${colour}" stroke-width="2" stroke-dasharray="${dashes}"/>`,
    `<text x="${x + 38}" y="${y + 4}">${escaped(name)}</text>`,
  ];
}

/** Values beyond the ends are drawn at the ends. */
function placer({ ticks, scale = (value) => value }: Axis, from: number, to: number): (value: number) => number {
  const first = scale(ticks[0]?.[0] ?? 0);
  const last = scale(ticks.at(-1)?.[0] ?? 1);
  return (value) => {
    const share = Math.min(1, Math.max(0, (scale(value) - first) / (last - first)));
    return Math.round((from + share * (to - from)) * 10) / 10;
  };
}
