// One file a verb. Each adds its subcommand; its callback sets the exit code.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/verbs/settings.h"

namespace track::verbs {

void add_run(CLI::App& app, int& exit_code);
void add_check(CLI::App& app, int& exit_code);
void add_ps(CLI::App& app, int& exit_code);
void add_leaks(CLI::App& app, int& exit_code);
void add_hang(CLI::App& app, int& exit_code);
void add_locks(CLI::App& app, int& exit_code);
void add_attach(CLI::App& app, int& exit_code);
void add_detach(CLI::App& app, int& exit_code);
void add_dump(CLI::App& app, int& exit_code);
void add_profile(CLI::App& app, int& exit_code);
void add_diff(CLI::App& app, int& exit_code);
void add_trace(CLI::App& app, int& exit_code);
void add_gen_suppressions(CLI::App& app, int& exit_code);
void add_html(CLI::App& app, int& exit_code);
void add_info(CLI::App& app, int& exit_code);
void add_doctor(CLI::App& app, int& exit_code);
void add_selftest(CLI::App& app, int& exit_code);

void add_pause_flag(CLI::App& verb, SymbolSettings& settings);
void add_symbol_flags(CLI::App& verb, SymbolSettings& settings);
void add_judge_flags(CLI::App& verb, JudgeSettings& settings);
void add_baseline_flags(CLI::App& verb, JudgeSettings& settings);
void add_output_flags(CLI::App& verb, OutputSettings& settings);
void add_report_flags(CLI::App& verb, ReportSettings& settings);

// Prints to standard output, whole; throws Error when it cannot be written.
void print(const std::string& text);

// "1500ms", "2s", "5min", "1h"; a bare number is `unit` many nanoseconds each. Throws Error.
uint64_t parse_duration_ns(const std::string& text, const std::string& flag, uint64_t unit_ns);

}  // namespace track::verbs
