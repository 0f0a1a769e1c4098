// What earlier runs left in the directory of recordings, and which of it goes.
#pragma once

#include <string>

namespace track::verbs {

// Tidies that directory, if it is this user's: what killed runs left goes, and of the recordings of
// processes that are gone only the newest 16, within 256 MiB, stay. Never touched: the directory of
// a run whose `track` lives (it holds a lock on it), and a recording that a living process writes.
// Others may sweep, begin and end at the same time. Never throws: it is done in passing.
void sweep(const std::string& recordings);

}  // namespace track::verbs
