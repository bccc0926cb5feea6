import { HIGHEST_PORT, type PortSet } from '../ports.ts';
import { type Bar, barText, type Picture, TICKS, type Tone } from './acl-picture.ts';
import { markup } from './markup.ts';

const WIDTH = 960;
const MARGIN = 24;
const HEAD = 52;
const ROW = 58;
const BAR = 22;
const AXIS = 56;
const COLOURS: Readonly<Record<Tone, string>> = {
  allowed: '#1a7f37',
  used: '#9a6700',
  fenced: '#0969da',
  recommended: '#8250df',
};

const xOf = (port: number): number => MARGIN + (port * (WIDTH - 2 * MARGIN)) / (HIGHEST_PORT + 1);
const number = (value: number): string => String(Math.round(value * 100) / 100);

/** The picture as a document of its own, one string a line; nothing is loaded from elsewhere. */
export function svgPicture(picture: Picture): readonly string[] {
  const height = HEAD + picture.bars.length * ROW + AXIS;
  const words = picture.bars.map((bar) => markup(`${bar.label}: ${barText(bar)}.`)).join(' ');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title desc" font-family="system-ui, sans-serif" font-size="14">`,
    `  <title id="title">${markup(picture.title)}</title>`,
    `  <desc id="desc">${words}</desc>`,
    '  <defs>',
    '    <pattern id="unsure" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">',
    '      <rect width="8" height="8" fill="#ffffff"/><rect width="4" height="8" fill="#cf222e"/>',
    '    </pattern>',
    '  </defs>',
    `  <rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    `  <text x="${MARGIN}" y="30" font-size="16" font-weight="600" fill="#1f2328">${markup(clipped(picture.title, 110))}</text>`,
    ...picture.bars.flatMap((bar, i) => barLines(bar, HEAD + i * ROW)),
    ...axisLines(HEAD + picture.bars.length * ROW),
    '</svg>',
  ];
}

function barLines(bar: Bar, y: number): readonly string[] {
  const top = y + 20;
  return [
    `  <text x="${MARGIN}" y="${y + 13}" fill="#1f2328">${markup(clipped(`${bar.label} — ${barText(bar)}`, 125))}</text>`,
    `  <rect x="${MARGIN}" y="${top}" width="${WIDTH - 2 * MARGIN}" height="${BAR}" fill="#eff2f5"/>`,
    ...rects(bar.ports, top, COLOURS[bar.tone]),
    ...rects(bar.unsure, top, 'url(#unsure)'),
  ];
}

/** At least a hair wide, so that a single port is seen. */
function rects(ports: PortSet, y: number, fill: string): readonly string[] {
  return ports.map(
    ({ from, to }) =>
      `  <rect x="${number(xOf(from))}" y="${y}" width="${number(Math.max(1, xOf(to + 1) - xOf(from)))}" height="${BAR}" fill="${fill}"><title>${from === to ? from : `${from}-${to}`}</title></rect>`,
  );
}

function axisLines(y: number): readonly string[] {
  const line = `  <line x1="${MARGIN}" y1="${y}" x2="${WIDTH - MARGIN}" y2="${y}" stroke="#59636e"/>`;
  const marks = TICKS.flatMap((port, i) => {
    const x = number(xOf(port === HIGHEST_PORT ? port + 1 : port));
    const anchor = i === 0 ? 'start' : i === TICKS.length - 1 ? 'end' : 'middle';
    return [
      `  <line x1="${x}" y1="${y}" x2="${x}" y2="${y + 6}" stroke="#59636e"/>`,
      `  <text x="${x}" y="${y + 22}" text-anchor="${anchor}" fill="#59636e">${port}</text>`,
    ];
  });
  return [
    line,
    ...marks,
    `  <text x="${WIDTH / 2}" y="${y + 42}" text-anchor="middle" fill="#59636e">source port</text>`,
  ];
}

/** Longer text would run out of the picture; the description holds all of it. */
const clipped = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
