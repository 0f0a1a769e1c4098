// A short id for a long name: FNV-1a of 53 bits, the same in every run and browser.
export function stableId(name: string): string {
  let low = 0x811c9dc5;
  let high = 0x9dc5811c;
  for (let i = 0; i < name.length; ++i) {
    const c = name.charCodeAt(i);
    low = Math.imul(low ^ c, 0x01000193);
    high = Math.imul(high ^ c, 0x85ebca6b);
  }
  return ((high & 0x1fffff) * 4294967296 + (low >>> 0)).toString(36);
}
