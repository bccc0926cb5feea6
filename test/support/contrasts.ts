import axe from 'axe-core';
import type { Browser } from './browser.ts';

/** What a tool (axe) finds of the contrasts of a page as it is shown now, by the measure of WCAG AA. */
export interface Contrasts {
  /** Texts whose contrast was measured. */
  readonly measured: number;
  /** One line for each text with too little of it. */
  readonly tooLow: readonly string[];
  /** One line for each text whose contrast the tool can't tell. */
  readonly unknown: readonly string[];
}

const MEASURE = `axe.run({ exclude: ['svg'] }, { runOnly: ['color-contrast'] }).then(({ passes, violations, incomplete }) => {
  const nodes = (results) => results.flatMap(({ nodes }) => nodes);
  const lines = (results) => nodes(results).map(({ target, any }) => target.join(' ') + ': ' + any.map(({ message }) => message).join(' '));
  return { measured: nodes(passes).length, tooLow: lines(violations), unknown: lines(incomplete) };
})`;

/** Measures the contrasts of the page that the browser shows; texts within pictures (SVG) are passed over. */
export async function measureContrasts(browser: Browser): Promise<Contrasts> {
  await browser.evaluate(`${axe.source}; undefined`);
  return browser.evaluate<Contrasts>(MEASURE);
}
