// The sampled blocks of a recording, and what its stacks ever allocated (libtrack/wire/samples.h).
#pragma once

#include <functional>
#include <vector>

#include "cli/model/trace.h"
#include "cli/read/bytes.h"
#include "cli/read/image.h"

namespace track::read {

// From a recording's number of a stack to the trace's.
using StackOf = std::function<StackIndex(uint32_t)>;

// Sampled blocks in use, counted and estimated. With sites: by stack, and the stacks in the trace.
void read_samples(Image& image, const StackOf& stack_of, bool sites, Trace& trace);

// What was ever allocated, by stack.
void read_origins(Image& image, const StackOf& stack_of, Trace& trace);

// The program's own mappings: how many and how large; with sites: by stack and size.
void read_mappings(Image& image, const StackOf& stack_of, bool sites, Trace& trace);

}  // namespace track::read
