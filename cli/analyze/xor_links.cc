#include "cli/analyze/xor_links.h"

#include <algorithm>
#include <cstring>

namespace track::analyze {
namespace {

constexpr uint64_t kLargestNode = 4096;
constexpr int kMostRounds = 4;

uint64_t word_of(const Marker& marker, Cell cell, uint64_t address) {
  const std::span<const std::byte> bytes = marker.bytes_of(cell);
  const uint64_t into = address - marker.map().at(cell).address;
  uint64_t word = 0;
  if (into + sizeof word <= bytes.size()) std::memcpy(&word, bytes.data() + into, sizeof word);
  return word;
}

}  // namespace

bool XorLinks::follow() {
  bool any = false;
  for (int round = 0; round < kMostRounds; ++round) {
    sizes_.assign(kLargestNode / 16 + 1, false);
    bool some = false;
    for (const Cell cell : marker_.unreached())
      if (const uint64_t bytes = marker_.map().at(cell).bytes; bytes <= kLargestNode)
        some = sizes_[bytes / 16] = true;
    if (!some) return any;
    bool changed = false;
    for (Cell cell = 0; cell < marker_.map().cells(); ++cell) {
      if (!marker_.map().is_block(cell) || !marker_.reached(cell)) continue;
      changed |= follow_from(cell);
      while (!next_.empty()) {
        const Cell next = next_.back();
        next_.pop_back();
        follow_from(next);
      }
    }
    if (!changed) return any;
    any = true;
    marker_.finish();
  }
  return any;
}

bool XorLinks::follow_from(Cell cell) {
  const BlockMap& map = marker_.map();
  const MemoryBlock& block = map.at(cell);
  if (block.bytes > kLargestNode || !sizes_[block.bytes / 16]) return false;
  const Cell before = marker_.referring_cell(cell);
  if (before == kNoCell || before == cell || !map.is_block(before) ||
      map.at(before).bytes != block.bytes)
    return false;
  const uint64_t name = name_of(before);
  if (name == 0) return false;
  const std::span<const std::byte> bytes = marker_.bytes_of(cell);
  bool found = false;
  for (size_t at = 0; at + 8 <= bytes.size(); at += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    if (word == 0) continue;
    const Cell to = map.find(word ^ name);
    if (to == kNoCell || marker_.reached(to) || map.at(to).bytes != block.bytes ||
        (word ^ name) - map.at(to).address != name - map.at(before).address)
      continue;
    names_[to] = word ^ name;
    marker_.mark_block(to, block.address + at);
    next_.push_back(to);
    found = true;
  }
  return found;
}

uint64_t XorLinks::name_of(Cell cell) const {
  if (const auto known = names_.find(cell); known != names_.end()) return known->second;
  const MemoryBlock& block = marker_.map().at(cell);
  const uint64_t referrer = marker_.referrer(cell);
  const Cell from = referrer >> 47 != 0 ? kNoCell : marker_.map().find(referrer);
  if (from == kNoCell || !marker_.map().is_block(from)) return block.address;
  const uint64_t word = word_of(marker_, from, referrer);
  return word - block.address < block.bytes ? word : block.address;
}

}  // namespace track::analyze
