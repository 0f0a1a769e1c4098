// The findings as a report for people. Its first and last lines are fixed, for grep:
// `ERROR: libtrack: N finding(s)` and `SUMMARY: libtrack: ...`.
#pragma once

#include <string>

#include "cli/model/report.h"
#include "cli/write/page.h"

namespace track::write {

std::string text_report(const Report& report, const TextOptions& options);
std::string summary_line(const Report& report);

// Heap blocks in use, as far as they are recorded; empty: they are not.
std::string heap_text(const Trace& trace);
// "lost: 3 stacks, 1 task"; empty when nothing was.
std::string loss_text(const Trace& trace);

// What the rule lock-order was not told; empty when every order was looked at.
std::string unseen_orders_text(uint64_t orders_lost);

// Those that are not suppressed, numbered from number + 1 on.
void print_findings(Page& page, const ProcessReport& process, uint64_t& number);

// One of them, without a number.
void print_finding(Page& page, const ProcessReport& process, const Finding& finding);

void print_stack(Page& page, const Trace& trace, const Symbols& symbols, StackIndex stack,
                 size_t indent);

}  // namespace track::write
