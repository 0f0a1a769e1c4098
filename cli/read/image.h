// One recording while it is being read: header, sections, and what the parts of the reader share.
// For use inside read/ only.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "cli/model/trace.h"
#include "cli/read/bytes.h"
#include "cli/read/clock.h"
#include "libtrack/wire/recording.h"
#include "libtrack/wire/tables.h"

namespace track::read {

struct SectionView {
  uint64_t offset = 0;
  uint64_t capacity = 0;  // entries that lie inside the file
  uint64_t used = 0;      // entries handed out, <= capacity
};

// Raw copies: the wire structs hold atomics, which cannot be assigned.
template <class T>
struct Copy {
  alignas(T) std::array<std::byte, sizeof(T)> bytes;
  const T& operator*() const { return *reinterpret_cast<const T*>(bytes.data()); }
  const T* operator->() const { return reinterpret_cast<const T*>(bytes.data()); }
};

class Image {
 public:
  // Throws Error when the bytes are no recording of this version.
  Image(const Bytes& bytes, const std::string& source, bool live, Trace& trace);

  const wire::Header& header() const { return *header_; }
  const SectionView& section(wire::SectionKind kind) const {
    return sections_[static_cast<size_t>(kind)];
  }
  const Bytes& bytes() const { return bytes_; }
  Trace& trace() { return trace_; }
  void warn(std::string text) { trace_.warnings.push_back(std::move(text)); }

  // Clamped to the recording's life; remembers the latest one.
  uint64_t to_ns(uint64_t ticks);
  uint64_t latest_ns() const { return latest_ns_; }
  // Of a live one: this instant, on the process's own clock.
  uint64_t now_ns() const { return now_ns_; }
  uint64_t duration_ns(uint64_t ticks) const { return clock_.duration_ns(ticks); }

  // The trace's index of a recorded stack; 0 when there is none or it cannot be read.
  // labels: of the task that it created, as an index of the trace.
  StackIndex stack(uint32_t reference, uint32_t labels = 0);
  // The same of a recorded label set.
  uint32_t labels(uint32_t reference);
  // A text of the program's own; empty for index 0.
  std::string text(uint32_t index) { return index == 0 ? std::string() : label_text(index); }
  struct ScopePlace {
    uint32_t index = 0;  // into the trace's scopes, + 1
    uint32_t generation = 0;
  };
  std::unordered_map<uint32_t, ScopePlace>& scopes_by_slot() { return scopes_; }
  // A stack of nothing but this return address, which is of a module that is there now.
  StackIndex one_frame(uint64_t address);
  // A wait of the program's own making, as it told it.
  ToldWait told_wait(const wire::ToldWait& from);

 private:
  void check_header(const std::string& source) const;
  void find_sections();
  std::string label_text(uint32_t index);
  void warn_of_labels();

  Bytes bytes_;
  Trace& trace_;
  Copy<wire::Header> header_;
  std::array<SectionView, wire::kSectionCount> sections_{};
  uint64_t now_ns_ = 0;
  Clock clock_;
  uint64_t latest_ns_ = 0;
  std::unordered_map<uint32_t, uint32_t> labels_;
  bool labels_warned_ = false;
  std::unordered_map<uint32_t, ScopePlace> scopes_;
  std::unordered_map<uint64_t, StackIndex> stacks_;  // by reference and labels
  std::unordered_map<uint64_t, StackIndex> frames_;
  uint64_t stack_words_ = 0;
  bool stacks_warned_ = false;
};

void read_scopes(Image& image);   // before the tasks
void check_scopes(Image& image);  // after them
void read_threads(Image& image);
void read_coroutines(Image& image);
ToldWait told_wait(
    uint64_t word);            // as libtrack/wire/tables.h has it: without since when, and where
void read_told(Image& image);  // after those
void read_fibers(Image& image);
void read_declared(Image& image);  // after the tasks
void read_cpu(Image& image);
void read_thread_origins(Image& image);
void read_modules(Image& image);
void read_contention(Image& image);
void read_suppressions(Image& image);

// Of a label set that becomes the trace's next one.
void take_scope(Image& image, LabelList& labels, uint32_t set);

// Text out of a recording, safe to print: NUL ends it, control characters become '?'.
std::string clean_text(const char* text, size_t capacity);

}  // namespace track::read
