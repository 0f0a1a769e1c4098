// options.h: the tracker's settings, read once from TRACK_OPTIONS before anything is recorded.
// The list is wire/options.def; unknown keys are ignored here and refused by `track`.
#pragma once

#include <cstdint>

namespace track::core {

struct Options {
#define TRACK_OPTION_FIELD_flag bool
#define TRACK_OPTION_FIELD_number uint64_t
#define TRACK_OPTION_FIELD_text TextOption
  struct TextOption {
    char value[512];
  };
#define TRACK_OPTION(name, type, value, help) TRACK_OPTION_FIELD_##type name;
#include "libtrack/wire/options.def"
#undef TRACK_OPTION
};

// locks: not 0, and all.
bool follows_locks(const Options& options);
bool records_holds(const Options& options);
// alloc=exact was asked for.
bool wants_blocks(const Options& options);
// alloc=BYTES: the mean distance of samples; 0 = not asked for.
uint64_t wanted_sample_period(const Options& options);

// Defaults first, then "key=value:key=value" over them; text may be null.
void read_options(Options& options, const char* text);
// Over what is there.
void add_options(Options& options, const char* text);

extern Options options;

}  // namespace track::core
