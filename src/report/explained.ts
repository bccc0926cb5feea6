import type { Flow } from '../plan/locate.ts';
import type { Packet } from '../plan/packet.ts';
import type { AddressMode } from '../plan/plan.ts';
import type { Fate, Walk } from '../plan/walk.ts';
import { portCount, portsText, rangeText } from '../ports.ts';

/** A walk through the plan, for scripts and for people. */
export function explainedText(flow: Flow, packet: Packet, walked: Walk): { json: unknown; text: readonly string[] } {
  const { fate } = walked;
  return {
    json: {
      flow,
      packet,
      origin: walked.origin ?? null,
      rules: walked.met.map(({ step, matched }) => ({ id: step.id, why: step.why, matched })),
      decidedBy: fate.step?.id ?? null,
      outcome: fate.do === 'map' ? 'mapped' : fate.as,
      address: fate.do === 'map' ? fate.address : null,
      kept: fate.do === 'map' ? (fate.kept ?? null) : null,
      ports: (fate.do === 'map' ? fate.ports : [{ from: flow.sourcePort, to: flow.sourcePort }]).map(rangeText),
    },
    text: [
      `${flow.protocol} ${flow.source} port ${flow.sourcePort} to ${flow.destination} port ${flow.destinationPort}`,
      `${packet.arrived ? `arrives on ${packet.arrived}` : 'is made on this host'}, leaves by ${packet.leaves}`,
      '',
      ...walked.met.map(({ step, matched }) => `  ${matched ? '=>' : '  '} ${step.id}: ${step.why}`),
      '',
      ...conclusion(fate, flow),
    ],
  };
}

function conclusion(fate: Fate, flow: Flow): readonly string[] {
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
      return `the source address becomes ${address.address}`;
  }
}
