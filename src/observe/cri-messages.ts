import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/*
 * The messages of the container runtime interface that are asked for, by the numbers of their fields, which are the same in v1
 * and v1alpha2 (kubernetes/cri-api, api.proto). What is not known is skipped.
 */

/** A pod's sandbox that runs. */
export interface PodSandbox {
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A container that runs, with the image as it was asked for. */
export interface PodContainer {
  readonly sandbox: string;
  readonly image: string;
}

export interface PodSandboxStatus {
  readonly addresses: readonly string[];
  /** What the runtime adds where it is asked for everything: JSON, of a shape of its own. */
  readonly info: string | undefined;
}

/** Those in the state SANDBOX_READY or CONTAINER_RUNNING. */
const READY = 0;
const RUNNING = 1;

/** ListPodSandboxRequest { filter: { state: { state: SANDBOX_READY } } }; a field that is 0 is not written. */
export const podListRequest = (): Uint8Array =>
  message((filter) => filter.tag(1, WireType.LengthDelimited).bytes(message((state) => nested(state, 2, READY))));

/** ListContainersRequest { filter: { state: { state: CONTAINER_RUNNING } } } */
export const containerListRequest = (): Uint8Array =>
  message((filter) => filter.tag(1, WireType.LengthDelimited).bytes(message((state) => nested(state, 2, RUNNING))));

/** PodSandboxStatusRequest { pod_sandbox_id, verbose } */
export const podStatusRequest = (id: string, verbose: boolean): Uint8Array =>
  message((writer) => {
    writer.tag(1, WireType.LengthDelimited).string(id);
    if (verbose) writer.tag(2, WireType.Varint).bool(true);
  });

function nested(writer: BinaryWriter, field: number, value: number): void {
  const inside = message((state) => void (value === 0 || state.tag(1, WireType.Varint).int32(value)));
  writer.tag(field, WireType.LengthDelimited).bytes(inside);
}

function message(write: (writer: BinaryWriter) => unknown): Uint8Array {
  const writer = new BinaryWriter();
  write(writer);
  return writer.finish();
}

/** Reads ListPodSandboxResponse. Throws where the bytes are no such message. */
export function readPods(bytes: Uint8Array): readonly PodSandbox[] {
  return each(bytes, 1).flatMap((item): PodSandbox[] => {
    const parts = split(item);
    const metadata = split(parts.get(2)?.[0] ?? new Uint8Array());
    const [id, name, namespace] = [textOf(parts.get(1)), textOf(metadata.get(1)), textOf(metadata.get(3))];
    return id === '' ? [] : [{ id, name, namespace, labels: mapOf(parts.get(5)) }];
  });
}

/** Reads ListContainersResponse. Throws where the bytes are no such message. */
export function readPodContainers(bytes: Uint8Array): readonly PodContainer[] {
  return each(bytes, 1).map((item) => {
    const parts = split(item);
    const image = split(parts.get(4)?.[0] ?? new Uint8Array());
    return { sandbox: textOf(parts.get(2)), image: textOf(image.get(18)) || textOf(image.get(1)) };
  });
}

/** Reads PodSandboxStatusResponse. Throws where the bytes are no such message. */
export function readPodStatus(bytes: Uint8Array): PodSandboxStatus {
  const parts = split(bytes);
  const network = split(split(parts.get(1)?.[0] ?? new Uint8Array()).get(5)?.[0] ?? new Uint8Array());
  const more = (network.get(2) ?? []).map((one) => textOf(split(one).get(1)));
  return {
    addresses: [textOf(network.get(1)), ...more].filter((address) => address !== ''),
    info: mapOf(parts.get(2))['info'],
  };
}

type Parts = ReadonlyMap<number, readonly Uint8Array[]>;

const NOTHING: readonly Uint8Array[] = [];
const each = (bytes: Uint8Array, field: number): readonly Uint8Array[] => split(bytes).get(field) ?? NOTHING;

/** The texts and messages in a message, by the numbers of their fields. */
function split(bytes: Uint8Array): Parts {
  const reader = new BinaryReader(bytes);
  const parts = new Map<number, Uint8Array[]>();
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (type !== WireType.LengthDelimited) reader.skip(type, field);
    else parts.set(field, [...(parts.get(field) ?? []), reader.bytes()]);
  }
  return parts;
}

const textOf = (all: readonly Uint8Array[] | undefined): string => new TextDecoder().decode(all?.at(-1));

/** A map of texts is a list of messages of a key and a value. */
function mapOf(entries: readonly Uint8Array[] | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    (entries ?? NOTHING).map((entry) => {
      const parts = split(entry);
      return [textOf(parts.get(1)), textOf(parts.get(2))];
    }),
  );
}
