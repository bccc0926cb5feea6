import { HIGHEST_PORT, intersect, type PortSet, portCount } from '../ports.ts';
import { scrub } from '../scrub.ts';
import { type Bar, barText, type Picture, TICKS } from './acl-picture.ts';

interface Marks {
  readonly all: string;
  readonly some: string;
  readonly none: string;
}
const BLOCKS: Marks = { all: '█', some: '▒', none: '·' };
const ASCII: Marks = { all: '#', some: '+', none: '.' };
const UNSURE = '?';
const LEAST = 40;
const MOST = 200;

/** The picture as lines of this many characters; `ascii` for terminals that show no others. */
export function terminalPicture(
  picture: Picture,
  { width, ascii }: { width: number; ascii: boolean },
): readonly string[] {
  const cells = Math.min(MOST, Math.max(LEAST, width - 2));
  const marks = ascii ? ASCII : BLOCKS;
  return [
    picture.title,
    '',
    ...picture.bars.flatMap((bar) => [scrub(bar.label), `  ${barLine(bar, cells, marks)}`, `  ${barText(bar)}`, '']),
    `  ${tickLine(cells)}`,
    `  one character is ${Math.round((HIGHEST_PORT + 1) / cells)} ports: ${marks.all} all, ${marks.some} some, ${marks.none} none${picture.bars.some(({ unsure }) => unsure.length > 0) ? `, ${UNSURE} unsure` : ''}`,
  ];
}

const startOf = (cell: number, cells: number): number => Math.ceil((cell * (HIGHEST_PORT + 1)) / cells);

function barLine({ ports, unsure }: Bar, cells: number, marks: Marks): string {
  return Array.from({ length: cells }, (_, cell) => {
    const span: PortSet = [{ from: startOf(cell, cells), to: startOf(cell + 1, cells) - 1 }];
    const inside = portCount(intersect(ports, span));
    if (inside === portCount(span)) return marks.all;
    if (intersect(unsure, span).length > 0) return UNSURE;
    return inside > 0 ? marks.some : marks.none;
  }).join('');
}

/** Each mark stands under its port, the last ends at the end of the bar. */
function tickLine(cells: number): string {
  return TICKS.reduce((line, port) => {
    const text = String(port);
    const at = Math.min(Math.floor((port * cells) / (HIGHEST_PORT + 1)), cells - text.length);
    return line.length > 0 && line.length >= at ? line : `${line.padEnd(at)}${text}`;
  }, '');
}
