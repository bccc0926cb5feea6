import type { PortSegments } from '../acl/port-segments.ts';
import { deciderText } from '../acl/words.ts';
import { rangeText } from '../ports.ts';
import { VERDICT_WORDS } from './acl-because.ts';
import { barText, type Picture } from './acl-picture.ts';
import { svgPicture } from './acl-svg.ts';
import { markup } from './markup.ts';

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1f2328;background:#fff}' +
  'svg{max-width:100%;height:auto}table{border-collapse:collapse;margin:1rem 0}th,td{text-align:left;vertical-align:top;' +
  'padding:.3rem .8rem .3rem 0;border-bottom:1px solid #d1d9e0}td.ports{white-space:nowrap;font-variant-numeric:tabular-nums}';

/** The picture as a page that needs no other file, with what decides each range below it. One string a line. */
export function htmlPicture(picture: Picture, segments: PortSegments): readonly string[] {
  const title = markup(picture.title);
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${title}</title>`,
    `<style>${STYLE}</style>`,
    '</head>',
    '<body>',
    `<h1>${title}</h1>`,
    ...svgPicture(picture),
    '<h2>The ports</h2>',
    ...table(
      ['which', 'ports'],
      picture.bars.map((bar) => [bar.label, barText(bar)]),
    ),
    '<h2>What decides</h2>',
    ...table(
      ['ports', 'fate', 'by'],
      segments.map(({ from, to, verdict, by }) => [
        rangeText({ from, to }),
        VERDICT_WORDS[verdict],
        by.map((one) => deciderText(one, { withAcl: true })).join('\n'),
      ]),
    ),
    '</body>',
    '</html>',
  ];
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  return [
    '<table>',
    `<thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join('')}</tr></thead>`,
    '<tbody>',
    ...rows.map(
      (row) => `<tr>${row.map((cell) => `<td>${cell.split('\n').map(markup).join('<br>')}</td>`).join('')}</tr>`,
    ),
    '</tbody>',
    '</table>',
  ];
}
