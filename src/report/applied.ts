import type { AddressRow } from '../plan/address-table.ts';
import { portsText } from '../ports.ts';
import type { Applied } from '../reconcile/apply.ts';

/** What an apply did, for scripts and for people; `addresses` is the table that was shown before it. */
export function appliedText(
  applied: Applied,
  addresses?: readonly AddressRow[],
): { json: unknown; text: readonly string[] } {
  const { changed, survey, hanging, rollback, confirmSeconds } = applied;
  const ports = portsText(survey.plan.ranges, ', ');
  const { mode, names } = survey.plan.uplinks;
  const uplinks =
    mode === 'these' ? names.join(', ') : `every interface but ${names.join(', ')} and the container networks`;
  return {
    json: {
      changed,
      ports: survey.plan.ranges.map(({ from, to }) => `${from}-${to}`),
      uplinks: names,
      settings: survey.settings.map(({ key, from, to }) => ({ key, from, to })),
      hanging,
      ...(addresses ? { addresses } : {}),
      ...(rollback ? { confirmBefore: new Date(rollback.deadline).toISOString() } : {}),
    },
    text: [
      changed
        ? `fenced: what leaves by ${uplinks} uses source ports ${ports}`
        : `nothing to do: the fence stands as planned (${uplinks}, source ports ${ports})`,
      ...survey.settings.map(({ key, to }) => `set ${key} to ${to.replaceAll('\t', ' ') || 'nothing'}`),
      ...(hanging.dropped > 0
        ? [`${hanging.dropped} hanging connections will get an allowed port with their next packet`]
        : []),
      ...(hanging.left > 0
        ? [`${hanging.left} hanging connections were left alone; they end by themselves within two minutes`]
        : []),
      ...(rollback === undefined
        ? []
        : [`run \`portfence confirm\` within ${confirmSeconds} s, or this is taken back`]),
    ],
  };
}
