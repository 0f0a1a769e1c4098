// Amounts in the units that profiles and counters name.

import { bytes, count, duration } from '../model/words.ts';

export function amount(value: number, unit: string): string {
  if (unit === 'bytes') return bytes(value);
  const ns = { nanoseconds: 1, ns: 1, microseconds: 1e3, milliseconds: 1e6, seconds: 1e9 }[unit];
  if (ns !== undefined) return duration(value * ns);
  const text = count(Math.round(value * 100) / 100);
  return unit === '%' ? `${text} %` : text;
}

// With a sign that is as wide as a plus.
export function change(value: number, unit: string): string {
  if (value === 0) return '0';
  return `${value > 0 ? '+' : '−'}${amount(Math.abs(value), unit)}`;
}

export function percent(part: number, whole: number): string {
  if (!(whole > 0)) return '';
  const value = (part / whole) * 100;
  if (value !== 0 && Math.abs(value) < 0.05) return '< 0.1 %';
  return `${value.toFixed(1)} %`;
}
