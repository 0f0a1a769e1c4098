// Numbers and C++ names as people read them.
const time_units: [number, string][] = [
  [86400e9, 'd'], [3600e9, 'h'], [60e9, 'min'], [1e9, 's'], [1e6, 'ms'], [1e3, 'µs'], [1, 'ns'],
];

export function duration(ns: number | undefined): string {
  if (ns === undefined || !Number.isFinite(ns)) return '–';
  if (ns === 0) return '0 s';
  const [unit, name] = time_units.find(([one]) => Math.abs(ns) >= one) ?? [1, 'ns'];
  return `${short(ns / unit)} ${name}`;
}

export function bytes(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '–';
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let rest = value;
  let step = 0;
  while (Math.abs(rest) >= 1024 && step < names.length - 1) {
    rest /= 1024;
    ++step;
  }
  return `${step === 0 ? rest : short(rest)} ${names[step]}`;
}

function short(value: number): string {
  const digits = Math.abs(value) < 9.95 ? 1 : 0;
  return value.toFixed(digits).replace(/\.0$/, '');
}

// 12345 as 12 345: thin spaces are the same in every locale.
export function count(value: number): string {
  return Number.isFinite(value) ? String(value).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f') : '–';
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

// Who sleeps waits at no address; descriptors and processes are numbers, and nothing lies in the first 64 KiB.
export function objectText(kind: string, address: string): string {
  const number = Number(address);
  if (number === 0) return '';
  if (kind === 'process') return String(number);
  return number < 65536 ? `descriptor ${number}` : address;
}

const operators = ['operator<=>', 'operator<<=', 'operator>>=', 'operator->*', 'operator<<', 'operator>>',
  'operator<=', 'operator>=', 'operator->', 'operator<', 'operator>', 'operator()'];
const longest_kept = 24;

function operatorAt(name: string, at: number): string | undefined {
  return name[at] === 'o' ? operators.find((one) => name.startsWith(one, at)) : undefined;
}

// Template arguments and long parameter lists become dots: std::vector<…>::push_back(…). In DWARF a lambda's
// class has no name.
export function shortName(full: string): string {
  const name = full.replaceAll('(anonymous)::operator()', '<lambda>::operator()');
  let text = '';
  for (let i = 0; i < name.length;) {
    const operator = operatorAt(name, i);
    if (operator) {
      text += operator;
      i += operator.length;
    } else if (name[i] === '<' || name[i] === '(') {
      const end = closing(name, i);
      const inner = name.slice(i + 1, end - 1);
      const kept = inner.length <= (name[i] === '(' ? longest_kept : 10) || inner === 'anonymous namespace';
      text += kept ? name.slice(i, end) : name[i] === '<' ? '<…>' : '(…)';
      i = end;
    } else {
      text += name[i++];
    }
  }
  return text;
}

// Without its parameters: Bank::transfer().
export function briefName(name: string): string {
  const short = shortName(name);
  const open = short.lastIndexOf('(');
  return open > 0 && short.endsWith(')') && !short.endsWith('operator()') ? `${short.slice(0, open)}()` : short;
}

// Is that a function of asio's, Boost's or the C++ library's? Its result's type says nothing, nor what stands
// before the name ("coroutine 7: ").
export function ofLibrary(name: string): boolean {
  return /(^|\s)(asio|boost|std|__gnu_cxx)::\S*$/.test(briefName(name).replace(/(\[[^\]]*\]|\s+const)+$/, ''));
}

// One past the bracket that closes the one at `open`; the end of the text when none does.
function closing(name: string, open: number): number {
  let depth = 0;
  for (let i = open; i < name.length; ++i) {
    const operator = operatorAt(name, i);
    if (operator) {
      i += operator.length - 1;
      continue;
    }
    const c = name[i]!;
    if (c === '<' || c === '(') ++depth;
    else if (c === ')' || (c === '>' && name[i - 1] !== '-')) --depth;
    if (depth === 0) return i + 1;
  }
  return name.length;
}
