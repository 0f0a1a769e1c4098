// Who awaits whom, from the words of coroutine frames. A frame's promise holds the handle (or the
// promise's address) of the coroutine to resume when it ends; that one's body points back at it.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "cli/model/trace.h"

namespace track::process {

class AwaitEdges {
 public:
  // `coroutines` sorted by address; must not change while this lives.
  explicit AwaitEdges(std::vector<Coroutine>& coroutines);

  // The words of the nth coroutine's frame. promise_end: where its promise ends; 0 = not known.
  void look(size_t nth, std::span<const uint64_t> words, uint32_t promise_end);
  // Reads as many of the bytes as can be.
  using Read = std::function<size_t(uint64_t address, void* to, size_t bytes)>;
  // Fills awaited_by, awaits and awaited_by_weak.
  void finish(const Read& read);

 private:
  struct Edge {
    uint32_t from, to;
    uint32_t offset;  // of the word in the frame of `from`
    bool in_promise;  // known to be
    bool outside;     // known not to be
    bool inner;       // points into the frame, not at its handle or promise
  };
  static constexpr uint32_t kNone = UINT32_MAX;

  uint32_t frame_at(uint64_t address) const;
  uint32_t frame_around(uint64_t address) const;
  const Edge* find(uint32_t from, uint32_t to) const;
  bool lies_in(uint32_t inner, uint32_t outer) const;
  void confirm_joins(const std::vector<std::pair<uint32_t, uint32_t>>& joins, const Read& read);
  void adopt_finished();
  void connect(uint32_t callee, uint32_t awaiter, bool weak);
  bool leads_to(uint32_t from, uint32_t to) const;

  std::vector<Coroutine>& coroutines_;
  std::vector<uint32_t> slots_;  // hash of addresses -> index
  uint64_t lowest_ = 0, highest_ = 0;
  std::vector<Edge> edges_;
  std::vector<uint32_t> first_;  // edge of each coroutine
  std::vector<uint32_t> awaiter_;
};

}  // namespace track::process
