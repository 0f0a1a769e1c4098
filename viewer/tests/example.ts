// npm run example [orders|clean|many|hostile|loads] > report.html: a page to look at.
import { reportHtml } from './support/bundle_writer.ts';
import { cleanReport, hostileReport, loadReport, manyFindings, orderReport } from './fixtures/reports.ts';

const reports = {
  orders: orderReport,
  clean: cleanReport,
  many: () => manyFindings(10_000),
  hostile: hostileReport,
  loads: () => loadReport({ p: true, t: true }),
};
const name = process.argv[2] ?? 'orders';
if (!(name in reports)) {
  console.error(`no report "${name}"; there are: ${Object.keys(reports).join(', ')}`);
  process.exit(2);
}
process.stdout.write(reportHtml(reports[name as keyof typeof reports]()));
