import type { Flow } from '../plan/locate.ts';
import type { Packet } from '../plan/packet.ts';
import type { AddressMode } from '../plan/plan.ts';
import { decidingRule, type Fate, type Walk } from '../plan/walk.ts';
import { portCount, portsText, rangeText } from '../ports.ts';

/** A walk through the plan, for scripts and for people. */
export function explainedText(flow: Flow, packet: Packet, walked: Walk): { json: unknown; text: readonly string[] } {
  const { fate } = walked;
  const rule = decidingRule(walked);
  const mark = packet.mark === undefined ? '' : `, with mark 0x${packet.mark.toString(16)}`;
  const sender = [
    ...(packet.user === undefined ? [] : [`user ${packet.user}`]),
    ...(packet.group === undefined ? [] : [`group ${packet.group}`]),
  ].join(', ');
  const made = `is made on this host${sender === '' ? '' : ` by ${sender}`}`;
  return {
    json: {
      flow,
      packet,
      origin: walked.origin ?? null,
      rules: walked.met.map(({ step, matched }) => ({ id: step.id, why: step.why, matched })),
      decidedBy: fate.step?.id ?? null,
      rule: rule ?? null,
      outcome: fate.do === 'map' ? 'mapped' : fate.as,
      address: fate.do === 'map' ? fate.address : null,
      kept: fate.do === 'map' ? (fate.kept ?? null) : null,
      ports: (fate.do === 'map' ? fate.ports : [{ from: flow.sourcePort, to: flow.sourcePort }]).map(rangeText),
    },
    text: [
      `${flow.protocol} ${flow.source} port ${flow.sourcePort} to ${flow.destination} port ${flow.destinationPort}`,
      `${packet.arrived ? `arrives on ${packet.arrived}` : made}, leaves by ${packet.leaves}${mark}`,
      '',
      ...walked.met.map(({ step, matched }) => `  ${matched ? '=>' : '  '} ${step.id}: ${step.why}`),
      '',
      ...conclusion(fate, flow),
      ...(rule === undefined ? [] : [`as this NAT rule decides: ${rule}`]),
    ],
  };
}

function conclusion(fate: Fate, flow: Flow): readonly string[] {
  if (fate.do === 'leave' && fate.as === 'unfollowed') {
    return ['is left to a NAT rule that can not be followed, which may give it any port, and is counted as unfollowed'];
  }
  if (fate.do === 'leave') {
    return [
      `leaves as it is, with port ${flow.sourcePort}${fate.as === 'left-alone' ? ', and is counted as leftAlone when that is out of range' : ''}`,
    ];
  }
  const spread = `one of the ${portCount(fate.ports)} ports ${portsText(fate.ports, ', ')}`;
  return [
    fate.kept === undefined
      ? `leaves with ${spread}`
      : `leaves with port ${fate.kept}, or, should that be in use towards the same destination, ${spread}`,
    addressWords(fate.address),
  ];
}

function addressWords(address: AddressMode): string {
  switch (address.mode) {
    case 'keep':
      return 'the source address stays';
    case 'masquerade':
      return "the source address becomes the uplink's";
    case 'fixed':
      return address.from === address.to
        ? `the source address becomes ${address.from}`
        : `the source address becomes one of ${address.from} to ${address.to}`;
  }
}
