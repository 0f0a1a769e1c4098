// Which functions a program may call, by the names that stand in its modules: imported ones, and
// those it may ask dlsym for. libc's own modules and the tracker name everything; they do not
// count.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "cli/model/process_image.h"

namespace track::process {

// Of `names`, those found as a string in some module, with that module's path. Reads what of the
// modules can be read.
std::map<std::string_view, std::string> named_functions(const ProcessImage& image,
                                                        std::span<const std::string_view> names);

// The program may run code on stacks of its own: "/bin/x names swapcontext"; empty: not as far as
// its modules say.
std::string stack_switcher(const ProcessImage& image);

// libc, the dynamic linker, the tracker: what they name says nothing about the program.
bool of_the_system(const Module& module);

}  // namespace track::process
