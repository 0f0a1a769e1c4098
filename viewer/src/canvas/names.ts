// C++ names for boxes: the shorter the less room there is.

// Shorter and shorter: without parameters and template arguments, then without one namespace after
// the other. Takes what shortName() of model/words made.
export function* shorterNames(name: string): Generator<string> {
  const bare = name.replace(/<[^<>]*>|\((?!\))[^()]*\)$|\(\)$/g, (inner, at: number) =>
    at === 0 || name[at - 1] === ':' || name.slice(0, at).endsWith('operator') ? inner : '',
  );
  for (let rest = bare; ; ) {
    yield rest;
    const at = rest.indexOf('::');
    if (at < 0) return;
    const after = rest.slice(at + 2);
    // A lambda or an operator alone says nothing: what it belongs to stays with it.
    if (/^(\{|operator\b|<|\()/.test(after)) return;
    rest = after;
  }
}
