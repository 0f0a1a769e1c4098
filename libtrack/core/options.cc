#include "libtrack/core/options.h"

#include "libtrack/core/hot.h"
#include "libtrack/core/text.h"
#include "libtrack/wire/samples.h"

namespace track::core {

TRACK_HOT_TABLE Options options;

namespace {

void set_flag(bool& field, const char* value, size_t n) {
  field = n > 0 && value[0] != '0';
}
void set_number(uint64_t& field, const char* value, size_t n) {
  uint64_t number = 0;
  for (size_t i = 0; i < n && value[i] >= '0' && value[i] <= '9'; ++i)
    if (__builtin_mul_overflow(number, 10, &number) ||
        __builtin_add_overflow(number, static_cast<uint64_t>(value[i] - '0'), &number)) {
      number = UINT64_MAX;
      break;
    }
  field = number;
}
void set_text(Options::TextOption& field, const char* value, size_t n) {
  if (n >= sizeof field.value) n = sizeof field.value - 1;
  copy_bytes(field.value, value, n);
  field.value[n] = 0;
}

bool is_key(const char* key, size_t n, const char* name) {
  return length(name) == n && __builtin_memcmp(key, name, n) == 0;
}

}  // namespace

bool follows_locks(const Options& o) {
  return o.locks.value[0] != 0 && o.locks.value[0] != '0';
}

bool records_holds(const Options& o) {
  return equal(o.locks.value, "all");
}

bool wants_blocks(const Options& o) {
  return equal(o.alloc.value, "exact");
}

uint64_t wanted_sample_period(const Options& o) {
  return wire::sample_period(o.alloc.value);
}

void read_options(Options& o, const char* text) {
#define TRACK_DEFAULT_flag(name, value) o.name = (value) != 0;
#define TRACK_DEFAULT_number(name, value) o.name = value;
#define TRACK_DEFAULT_text(name, value) set_text(o.name, value, length(value));
#define TRACK_OPTION(name, type, value, help) TRACK_DEFAULT_##type(name, value)
#include "libtrack/wire/options.def"
#undef TRACK_OPTION
  add_options(o, text);
}

void add_options(Options& o, const char* text) {
  if (text == nullptr) return;
  while (*text != 0) {
    const char* key = text;
    while (*text != 0 && *text != '=' && *text != ':') ++text;
    const auto key_length = static_cast<size_t>(text - key);
    if (*text == '=') ++text;
    const char* value = text;
    while (*text != 0 && *text != ':') ++text;
    const auto value_length = static_cast<size_t>(text - value);
#define TRACK_OPTION(name, type, def, help) \
  if (is_key(key, key_length, #name)) set_##type(o.name, value, value_length);
#include "libtrack/wire/options.def"
#undef TRACK_OPTION
    if (*text == ':') ++text;
  }
}

}  // namespace track::core
