import { type Component, inOrder } from './component.ts';

const RULE = '='.repeat(100);

/** The licences of everything that an executable holds, as one text. Throws where a component brings no licence text. */
export function licencesText(own: string, components: readonly Component[]): string {
  const without = components.filter(({ licenceTexts, licence }) => licenceTexts.length === 0 && licence === undefined);
  if (without.length > 0) throw new Error(`no licence: ${without.map(({ name }) => name).join(', ')}`);
  const parts = inOrder(components).map(({ name, version, licence, licenceTexts }) =>
    [
      `${name} ${version}${licence === undefined ? '' : ` (${licence})`}`,
      ...licenceTexts.map((text) => text.trim()),
    ].join('\n\n'),
  );
  return `${[`portfence\n\n${own.trim()}`, ...parts].join(`\n\n${RULE}\n`)}\n`;
}
