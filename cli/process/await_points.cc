#include "cli/process/await_points.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "cli/model/told.h"
#include "cli/process/await_edges.h"
#include "cli/process/frame_code.h"
#include "cli/process/frame_locks.h"

namespace track::process {
namespace {

constexpr uint64_t kGap = 2048;  // read along rather than asked for separately
constexpr uint64_t kMostAtOnce = 1 << 20;
constexpr uint32_t kMostOfFrame = 1 << 16;  // of a huge frame
constexpr uint32_t kUnknownSize = 512;      // of a frame inside a larger block

// Calls look(nth, bytes) with the frame of each coroutine that can be read; sorted by address.
template <typename Look>
void read_frames(const ImageMemory& memory, const std::vector<Coroutine>& all, Look look) {
  std::vector<std::byte> buffer(kMostAtOnce + kMostOfFrame);
  const auto size_of = [&](size_t i) {
    return all[i].size_bytes != 0 ? std::min(all[i].size_bytes, kMostOfFrame) : kUnknownSize;
  };
  for (size_t first = 0; first < all.size();) {
    const uint64_t start = all[first].address;
    uint64_t end = start + size_of(first);
    size_t next = first + 1;
    while (next < all.size() && all[next].address <= end + kGap &&
           all[next].address + size_of(next) <= start + kMostAtOnce) {
      end = std::max(end, all[next].address + size_of(next));
      ++next;
    }
    const bool together = memory.read_some(start, buffer.data(), end - start) == end - start;
    for (size_t i = first; i < next; ++i) {
      size_t bytes = size_of(i);
      std::byte* from = buffer.data() + (all[i].address - start);
      if (!together) {
        from = buffer.data();
        const size_t read = memory.read_some(all[i].address, from, bytes);
        if (read != bytes && all[i].size_bytes != 0) continue;
        bytes = read;
      }
      look(i, std::span<const std::byte>(from, bytes));
    }
    first = next;
  }
}

class Points {
 public:
  Points(Trace& trace, const ImageMemory& memory, const CoroutineLookup& lookup)
      : trace_(trace), memory_(memory), lookup_(lookup) {}

  struct Function {
    FrameShape shape;
    uint32_t least_bytes = 0;  // 0 = not asked for yet
    uint32_t marked_at = 0;    // of GCC's: where destroy marks the index; 0 = not known
    std::unordered_map<uint64_t, uint32_t> points;  // index -> into Trace::await_points
  };

  Function& function_of(uint64_t resume, uint64_t destroy) {
    // Frames of one function come in runs.
    const std::pair key{resume, destroy};
    if (last_ != nullptr && key == last_key_) return *last_;
    const auto [entry, fresh] = functions_[key.first].try_emplace(key.second);
    if (fresh) {
      FrameShape& shape = entry->second.shape;
      if (resume == 0) resume = gcc_resume(memory_, trace_.modules, destroy);
      if (resume != 0) shape = lookup_.shape(resume, destroy);
      entry->second.marked_at = shape.gcc && shape.index_bytes == 2
                                    ? shape.index_offset
                                    : gcc_index_offset(memory_, trace_.modules, destroy);
    }
    last_key_ = key;
    return *(last_ = &entry->second);
  }

  // The frame's size, or what it has at least.
  uint32_t least_bytes(const Coroutine& coroutine, Function& function) const {
    const FrameShape& shape = function.shape;
    if (shape.frame_bytes != 0) return shape.frame_bytes;
    if (function.least_bytes == 0) {
      const uint32_t fields = std::max(shape.promise_offset + shape.promise_bytes,
                                       shape.index_offset + shape.index_bytes);
      const bool ask = !shape.gcc && coroutine.resume != 0 && lookup_.used_bytes;
      const uint32_t used = ask ? lookup_.used_bytes(coroutine.resume, coroutine.destroy) : 0;
      function.least_bytes = (std::max(fields, used) + 7) & ~uint32_t{7};
    }
    return function.least_bytes;
  }

  uint32_t point_of(const Coroutine& coroutine, Function& function, uint64_t index) {
    const auto [entry, fresh] = function.points.try_emplace(index);
    if (!fresh) return entry->second;
    AwaitPoint point = lookup_.point(coroutine.resume, coroutine.destroy, index);
    point.function = coroutine.function;
    return entry->second = add(std::move(point));
  }

  uint32_t finished(const Coroutine& coroutine) {
    const auto [entry, fresh] = finished_.try_emplace(coroutine.function);
    if (!fresh) return entry->second;
    AwaitPoint point;
    point.stage = AwaitStage::final;
    point.function = coroutine.function;
    return entry->second = add(std::move(point));
  }

 private:
  uint32_t add(AwaitPoint point) {
    trace_.await_points.push_back(std::move(point));
    return static_cast<uint32_t>(trace_.await_points.size() - 1);
  }

  Trace& trace_;
  const ImageMemory& memory_;
  const CoroutineLookup& lookup_;
  std::unordered_map<uint64_t, std::unordered_map<uint64_t, Function>> functions_;
  std::unordered_map<uint32_t, uint32_t> finished_;
  std::pair<uint64_t, uint64_t> last_key_;
  Function* last_ = nullptr;
};

// GCC keeps a handle of the frame itself behind the promise: the last one before the index.
uint32_t promise_end(const FrameShape& shape, uint64_t address, std::span<const uint64_t> words) {
  if (shape.self_offset != 0) return shape.self_offset;
  if (shape.promise_bytes != 0) return shape.promise_offset + shape.promise_bytes;
  if (!shape.gcc || shape.index_offset == 0) return 0;
  uint32_t end = 0;
  for (size_t i = 2; i < std::min<size_t>(words.size(), shape.index_offset / 8); ++i)
    if (words[i] == address) end = static_cast<uint32_t>(i * 8);
  return end;
}

// GCC's suspend index says whether a frame is still in use: destroy makes it odd, and one that
// ended by itself, without waiting to be destroyed, has never got to the last one.
enum class Use { unknown, in_use, over };
Use use_of(const FrameShape& shape, const Coroutine& coroutine, uint16_t index, bool names_itself) {
  if (index % 2 != 0 || (coroutine.inside && !names_itself)) return Use::over;
  if (coroutine.resume != 0) return Use::in_use;
  if (shape.points < 3 || index > 2 * (shape.points - 1)) return Use::unknown;
  return index == 2 * (shape.points - 1) ? Use::in_use : Use::over;
}

// Of a finished frame the head no longer says what resumed it: others of its kind do.
std::unordered_map<uint64_t, uint64_t> resume_functions(const std::vector<Coroutine>& all) {
  std::unordered_map<uint64_t, uint64_t> by_destroy;
  uint64_t last = 0;
  for (const Coroutine& coroutine : all) {
    if (coroutine.resume == 0 || coroutine.destroy == last) continue;
    last = coroutine.destroy;
    by_destroy.try_emplace(last, coroutine.resume);
  }
  return by_destroy;
}

}  // namespace

void read_await_points(Trace& trace, const ImageMemory& memory, const CoroutineLookup& lookup) {
  trace.await_points.resize(1);
  std::vector<Coroutine>& all = trace.coroutines;
  if (all.empty() || !trace.memory_read) return;
  const auto by_address = [](const Coroutine& a, const Coroutine& b) {
    return a.address < b.address;
  };
  if (!std::is_sorted(all.begin(), all.end(), by_address))
    std::sort(all.begin(), all.end(), by_address);
  Points points(trace, memory, lookup);
  AwaitEdges edges(all);
  FrameLocks locks(trace, memory);
  std::vector<uint64_t> words;
  size_t over = 0;
  const std::unordered_map<uint64_t, uint64_t> resumes = resume_functions(all);
  read_frames(memory, all, [&](size_t i, std::span<const std::byte> bytes) {
    Coroutine& coroutine = all[i];
    if (coroutine.certainty == FrameCertainty::recorded) return;
    const bool done = coroutine.state == TaskState::done;
    if (done) coroutine.await_point = points.finished(coroutine);
    if (!done && (coroutine.state != TaskState::suspended || coroutine.resume == 0)) return;
    const auto resume = resumes.find(coroutine.destroy);
    const uint64_t body = !done ? coroutine.resume : resume != resumes.end() ? resume->second : 0;
    Points::Function& function = points.function_of(body, coroutine.destroy);
    const FrameShape& shape = function.shape;
    if (coroutine.size_bytes == 0) coroutine.size_bytes = points.least_bytes(coroutine, function);
    const size_t used =
        shape.frame_bytes != 0 ? std::min<size_t>(shape.frame_bytes, bytes.size()) : bytes.size();
    words.resize(used / 8);
    std::memcpy(words.data(), bytes.data(), words.size() * 8);
    const uint32_t end = promise_end(shape, coroutine.address, words);
    uint64_t index = 0;
    if (shape.index_offset + shape.index_bytes <= bytes.size())
      std::memcpy(&index, bytes.data() + shape.index_offset, shape.index_bytes);
    const bool names_itself =
        std::find(words.begin(), words.end(), coroutine.address) != words.end();
    Use use = Use::unknown;
    if (function.marked_at != 0 && function.marked_at + 2 <= bytes.size()) {
      uint16_t mark = 0;
      std::memcpy(&mark, bytes.data() + function.marked_at, sizeof mark);
      use = use_of(shape, coroutine, mark, names_itself);
    }
    coroutine.in_use = coroutine.told.known() || use == Use::in_use;
    if (use == Use::over && !coroutine.told.known()) {
      coroutine.state = TaskState::ended;
      ++over;
      return;
    }
    if (!done) coroutine.await_point = points.point_of(coroutine, function, index);
    if (!done) locks.look(coroutine, words);
    edges.look(i, words, end);
  });
  edges.finish([&](uint64_t address, void* to, size_t bytes) {
    return memory.read_some(address, to, bytes);
  });
  use_told(trace);
  if (over != 0) std::erase_if(all, [](const Coroutine& c) { return c.state == TaskState::ended; });
}

}  // namespace track::process
