// Letters beside the ends of curves: as near to their places as they can be without one upon another.
export function apart(places: readonly number[], room: number, from: number, to: number): number[] {
  const order = places.map((_, i) => i).sort((a, b) => places[a]! - places[b]!);
  const result = [...places];
  let last = -Infinity;
  for (const i of order) last = result[i] = Math.max(places[i]!, from, last + room);
  let next = Infinity;
  for (const i of order.reverse()) next = result[i] = Math.min(result[i]!, to, next - room);
  return result;
}
