// One gzip member, or base64 of one, to its bytes. `raw_bytes` is what the directory promised: a
// member that is cut off may still inflate without an error in some browsers.
import { BundleProblem } from './problem.ts';

type FromBase64 = { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> };

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const native = (Uint8Array as unknown as FromBase64).fromBase64;
  try {
    if (native) return native(text);
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; ++i) bytes[i] = binary.charCodeAt(i);
    return bytes;
  } catch {
    throw new BundleProblem('its text is cut off or is not base64');
  }
}

export async function gunzip(
  member: Uint8Array<ArrayBuffer>,
  raw_bytes: number | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    const stream = new Blob([member]).stream().pipeThrough(new DecompressionStream('gzip'));
    bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new BundleProblem('it is cut off or damaged (not one whole gzip member)');
  }
  if (raw_bytes !== undefined && bytes.length !== raw_bytes)
    throw new BundleProblem(`it has ${bytes.length} bytes where ${raw_bytes} were written`);
  return bytes;
}
