// `track serve`.
#pragma once

#include <CLI/CLI.hpp>

namespace track::verbs {

void add_serve(CLI::App& app, int& exit_code);

}  // namespace track::verbs
