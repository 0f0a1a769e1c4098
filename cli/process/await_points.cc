#include "cli/process/await_points.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "cli/process/await_edges.h"
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
  Points(Trace& trace, const CoroutineLookup& lookup) : trace_(trace), lookup_(lookup) {}

  struct Function {
    FrameShape shape;
    std::unordered_map<uint64_t, uint32_t> points;  // index -> into Trace::await_points
  };

  Function& function_of(const Coroutine& coroutine) {
    // Frames of one function come in runs.
    const std::pair key{coroutine.resume, coroutine.destroy};
    if (last_ != nullptr && key == last_key_) return *last_;
    const auto [entry, fresh] = functions_[key.first].try_emplace(key.second);
    if (fresh) entry->second.shape = lookup_.shape(key.first, key.second);
    last_key_ = key;
    return *(last_ = &entry->second);
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
  Points points(trace, lookup);
  AwaitEdges edges(all);
  FrameLocks locks(trace, memory);
  std::vector<uint64_t> words;
  read_frames(memory, all, [&](size_t i, std::span<const std::byte> bytes) {
    Coroutine& coroutine = all[i];
    if (coroutine.certainty == FrameCertainty::recorded) return;
    if (coroutine.state == TaskState::done) coroutine.await_point = points.finished(coroutine);
    if (coroutine.state != TaskState::suspended || coroutine.resume == 0) return;
    Points::Function& function = points.function_of(coroutine);
    const FrameShape& shape = function.shape;
    if (coroutine.size_bytes == 0) coroutine.size_bytes = shape.frame_bytes;
    uint64_t index = 0;
    if (shape.index_offset + shape.index_bytes <= bytes.size())
      std::memcpy(&index, bytes.data() + shape.index_offset, shape.index_bytes);
    coroutine.await_point = points.point_of(coroutine, function, index);
    const size_t used =
        shape.frame_bytes != 0 ? std::min<size_t>(shape.frame_bytes, bytes.size()) : bytes.size();
    words.resize(used / 8);
    std::memcpy(words.data(), bytes.data(), words.size() * 8);
    locks.look(coroutine, words);
    edges.look(i, words, promise_end(shape, coroutine.address, words));
  });
  edges.finish();
}

}  // namespace track::process
