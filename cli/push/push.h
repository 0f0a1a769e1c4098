// `track push`.
#pragma once

#include <CLI/CLI.hpp>

namespace track::verbs {

void add_push(CLI::App& app, int& exit_code);

}  // namespace track::verbs
