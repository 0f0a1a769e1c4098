#include "cli/analyze/suppressions.h"

#include <algorithm>
#include <iterator>
#include <sstream>

#include "cli/model/error.h"

namespace track::analyze {
namespace {

std::string trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

Suppression parse_line(const std::string& line, const std::string& place) {
  const auto fail = [&](const std::string& why) {
    return Error(place + ": " + why + ": `" + line +
                 "`; write RULE:PATTERN, rule:RULE or created_by:PATTERN");
  };
  const size_t colon = line.find(':');
  if (colon == std::string::npos) throw fail("this suppression has no `:`");
  Suppression result;
  result.text = line;
  result.place = place;
  const std::string head = trimmed(line.substr(0, colon));
  result.pattern = trimmed(line.substr(colon + 1));
  if (result.pattern.empty()) throw fail("this suppression has no pattern");
  if (head == "created_by") {
    result.where = Suppression::Where::created_by;
  } else if (head == "rule") {
    result.where = Suppression::Where::rule_name;
    if (result.pattern.find('*') == std::string::npos && !parse_rule(result.pattern))
      throw fail("there is no such rule");
  } else if (parse_rule(head)) {
    result.rule = head;
  } else {
    throw fail("`" + head + "` is no rule");
  }
  return result;
}

bool matches_stack(const std::string& pattern, const std::vector<StackLine>& lines) {
  return std::any_of(lines.begin(), lines.end(), [&](const StackLine& line) {
    if (line.function.empty()) return matches(pattern, base_name(line.module));
    return matches(pattern, line.function) || matches(pattern, short_function(line.function));
  });
}

bool matches_chain(const std::string& pattern, const Trace& trace, const Finding& finding) {
  return std::any_of(finding.await_chain.begin(), finding.await_chain.end(),
                     [&](const AwaitFrame& frame) {
                       if (frame.function == 0 || frame.function >= trace.functions.size())
                         return false;
                       const std::string& name = trace.functions[frame.function];
                       return matches(pattern, name) || matches(pattern, short_function(name));
                     });
}

// On most stacks of any program: who suppresses by one of them hides what he has not seen yet.
bool on_most_stacks(const std::string& function) {
  constexpr std::string_view kCommon[] = {"main",
                                          "_start",
                                          "start_thread",
                                          "clone",
                                          "clone3",
                                          "__libc_start_main",
                                          "__libc_start_call_main"};
  return std::find(std::begin(kCommon), std::end(kCommon), function) != std::end(kCommon);
}

// The place that says most: the first function of the program's own that is not everybody's.
std::string telling_name(const Finding& finding, const Trace& trace, const Symbols& symbols) {
  for (const StackIndex stack : {finding.created_at, finding.blocked_at})
    for (const StackLine& line : stack_lines(trace, symbols, stack, Prune::plumbing)) {
      const std::string function = short_function(line.function);
      if (on_most_stacks(function)) break;
      if (!function.empty()) return function;
      if (!line.module.empty()) return base_name(line.module);
    }
  for (const AwaitFrame& frame : finding.await_chain)
    if (frame.self && frame.function != 0 && frame.function < trace.functions.size())
      return short_function(trace.functions[frame.function]);
  return {};
}

}  // namespace

std::string suppression_for(const Finding& finding, const Trace& trace, const Symbols& symbols) {
  const std::string rule = rule_name(finding.rule);
  std::string text = "# " + rule + " (" + evidence_name(finding.evidence) + "): " + finding.title;
  // A comment is one line.
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  const std::string name = telling_name(finding, trace, symbols);
  if (name.empty())
    return text +
           "\n# no function of its own tells it from others; to hide every finding of the rule:\n# "
           "rule:" +
           rule + "\n";
  return text + "\n" + rule + ":" + name + "\n";
}

bool matches(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::vector<Suppression> parse_suppressions(const std::string& text, const std::string& file) {
  std::vector<Suppression> result;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    line = trimmed(line);
    if (line.empty() || line[0] == '#') continue;
    result.push_back(parse_line(line, file + ":" + std::to_string(number)));
  }
  return result;
}

void apply_suppressions(std::vector<Suppression>& suppressions, std::vector<Finding>& findings,
                        const Trace& trace, const Symbols& symbols) {
  if (suppressions.empty()) return;
  for (Finding& finding : findings) {
    if (!finding.suppressed_by.empty()) continue;
    const auto created = stack_lines(trace, symbols, finding.created_at, Prune::tracker);
    const auto blocked = stack_lines(trace, symbols, finding.blocked_at, Prune::tracker);
    for (Suppression& suppression : suppressions) {
      bool hit = false;
      switch (suppression.where) {
        case Suppression::Where::rule_name:
          hit = matches(suppression.pattern, rule_name(finding.rule));
          break;
        case Suppression::Where::created_by:
          hit = matches_stack(suppression.pattern, created);
          break;
        case Suppression::Where::any_stack:
          hit = suppression.rule == rule_name(finding.rule) &&
                (suppression.pattern == "*" || matches_stack(suppression.pattern, created) ||
                 matches_stack(suppression.pattern, blocked) ||
                 matches_chain(suppression.pattern, trace, finding));
          break;
      }
      if (!hit) continue;
      suppression.hits += finding.count;
      finding.suppressed_by = suppression.text;
      break;
    }
  }
}

}  // namespace track::analyze
