// `track top`.
#pragma once

#include <CLI/CLI.hpp>

namespace track::verbs {

void add_top(CLI::App& app, int& exit_code);

}  // namespace track::verbs
