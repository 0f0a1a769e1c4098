// mapping_table.h: the program's own mappings, in the recording (wire/mappings.h).
//
// Any thread and any signal handler; nothing locks or waits. Threads that unmap parts of one
// mapping at the same instant may leave its entry too large. What has no room is counted in
// lost().blocks.
#pragma once

#include <cstdint>

#include "libtrack/wire/mappings.h"

namespace track::core {

// Once, in a recording that was planned with such a table; false: there is no room for it.
bool start_mapping_table();
// A child starts with none, as with blocks.
void restart_mapping_table_after_fork();

// After the mapping is there; bytes of whole pages.
void add_mapping(uint64_t address, uint64_t bytes, uint32_t stack, wire::MappingKind kind);

// Before [from, to) is unmapped, or after it was mapped anew: whatever lies there is taken out, the
// rest of mappings that reach beyond stays. The kind of one of them, or none.
wire::MappingKind remove_mappings(uint64_t from, uint64_t to);

}  // namespace track::core
