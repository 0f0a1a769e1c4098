// How a curve is told from the others: colour, dashes, and a letter that the table has, too. The
// colours are Okabe and Ito's, which all eyes can tell apart, darkened for light ground.
export const most_curves = 6;

const light = ['#0067a3', '#b34700', '#00704f', '#a1457f', '#7d5600', '#43525f'];
const dark = ['#56b4e9', '#f0894a', '#2fc49a', '#e39ac4', '#e6b422', '#aebac6'];
const dashes = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 5], [1, 5]];

export function markOf(index: number, is_dark: boolean): { letter: string; colour: string; dash: number[] } {
  const i = index % most_curves;
  return { letter: String.fromCharCode(65 + i), colour: (is_dark ? dark : light)[i]!, dash: dashes[i]! };
}
