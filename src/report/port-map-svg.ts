const [WIDTH, HEIGHT, AXIS] = [960, 90, 24];
const PORTS = 65_536;

/** Connections by port as bars over the allowed ranges, an SVG of its own. `groups` are counts of equally many ports. */
export function portMapSvg(
  groups: readonly number[],
  ranges: readonly { readonly from: number; readonly to: number }[],
): readonly string[] {
  const most = Math.max(1, ...groups);
  const xOf = (port: number): number => Math.round((port / PORTS) * WIDTH * 10) / 10;
  const each = PORTS / groups.length;
  const isAllowed = (port: number): boolean => ranges.some(({ from, to }) => port + each > from && port <= to);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT + AXIS}" role="img" aria-label="connections by source port" font-family="system-ui, sans-serif" font-size="12">`,
    ...ranges.map(
      ({ from, to }) =>
        `  <rect x="${xOf(from)}" y="0" width="${Math.max(1, xOf(to + 1) - xOf(from))}" height="${HEIGHT}" fill="#dafbe1"/>`,
    ),
    ...groups.flatMap((count, i) => {
      if (count === 0) return [];
      const height = Math.max(2, Math.round((count / most) * HEIGHT));
      const colour = isAllowed(i * each) ? '#1a7f37' : '#cf222e';
      return `  <rect x="${xOf(i * each)}" y="${HEIGHT - height}" width="${Math.max(2, xOf(each) - 0.5)}" height="${height}" fill="${colour}"/>`;
    }),
    `  <line x1="0" y1="${HEIGHT}" x2="${WIDTH}" y2="${HEIGHT}" stroke="#59636e"/>`,
    ...[0, 16_384, 32_768, 49_152, 65_535].map(
      (port, i) =>
        `  <text x="${xOf(port)}" y="${HEIGHT + 16}" text-anchor="${i === 0 ? 'start' : i === 4 ? 'end' : 'middle'}" fill="#59636e">${port}</text>`,
    ),
    '</svg>',
  ];
}
