// What the program's declarations say of a way through its memory: from a variable, through
// pointers, from block to block. Never guesses: where a declaration does not say what a word is
// (a union with several members, void*, a derived class), what follows has no names.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <span>
#include <vector>

#include "cli/symbolize/data_step.h"
#include "cli/symbolize/function_names.h"

namespace track::symbolize {

// The first step is the variable's: offset is where in it the word is. As many as were understood.
std::vector<DataStep> follow(Dwarf_Die variable, uint64_t offset, bool last,
                             std::span<const DataHop> hops, FunctionNames& names);

}  // namespace track::symbolize
