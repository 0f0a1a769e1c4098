#include "cli/analyze/taken_out.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <unordered_set>
#include <utility>
#include <vector>

#include "cli/analyze/block_map.h"
#include "cli/analyze/orphanable.h"

namespace track::analyze {
namespace {

constexpr uint64_t kNodeBytes = 512;  // of libstdc++; less where an element's size does not divide

// std::_Deque_iterator and std::_Deque_base, as they lie in memory.
struct Cursor {
  uint64_t at, first, last, node;
};
struct Deque {
  uint64_t nodes, room;
  Cursor begin, end;
};

bool looks_right(const Cursor& cursor) {
  return cursor.first % 16 == 0 && cursor.at >= cursor.first && cursor.at < cursor.last &&
         cursor.node % 8 == 0;
}

// std::_Vector_base.
struct Vector {
  uint64_t begin, end, room_end;
};
// What malloc adds at most to the bytes that it was asked for.
constexpr uint64_t kRounded = 24;
// The same three words describe a fiber's stack, which is in use above the one in the middle.
constexpr uint64_t kLargestVector = 8 << 10;

struct Node {
  uint64_t bytes = 0;
  std::vector<AddressRange> in_use;  // as any container says
};

class Search {
 public:
  explicit Search(const MemoryPicture& picture) : picture_(picture), map_(picture.blocks) {}

  const BlockMap& map() const { return map_; }
  const std::map<uint64_t, Node>& nodes() const { return nodes_; }

  std::span<const std::byte> bytes_at(uint64_t address, uint64_t size) const {
    const auto region =
        std::upper_bound(picture_.regions.begin(), picture_.regions.end(), address,
                         [](uint64_t at, const MemoryRegion& r) { return at < r.end(); });
    if (region == picture_.regions.end() || address < region->address ||
        size > region->end() - address)
      return {};
    return region->bytes.subspan(address - region->address, size);
  }

  void look_through(const MemoryRegion& region) {
    const uint64_t skip = -region.address % 8;
    for (uint64_t at = skip; at + sizeof(Vector) <= region.bytes.size(); at += 8) {
      look_for_vector(region, at);
      if (at + sizeof(Deque) > region.bytes.size()) continue;
      Deque deque;
      std::memcpy(&deque, region.bytes.data() + at, sizeof deque);
      const uint64_t size = deque.begin.last - deque.begin.first;
      if (size > kNodeBytes || size <= kNodeBytes / 2) continue;
      if (deque.end.last - deque.end.first == size && looks_right(deque.begin) &&
          looks_right(deque.end) && is_in_use(region.address + at))
        add(deque, size);
    }
  }

 private:
  // Not in a block that was freed, nor where a stack was.
  bool is_in_use(uint64_t address) const {
    if (const Cell cell = map_.find(address); cell != kNoCell) return map_.is_block(cell);
    const auto after =
        std::upper_bound(picture_.not_roots.begin(), picture_.not_roots.end(), address,
                         [](uint64_t at, const AddressRange& range) { return at < range.end; });
    return after == picture_.not_roots.end() || !after->contains(address);
  }

  bool starts_block(uint64_t address, uint64_t size) const {
    const Cell cell = map_.find(address);
    return cell != kNoCell && map_.is_block(cell) && map_.at(cell).address == address &&
           map_.at(cell).bytes >= size;
  }

  void look_for_vector(const MemoryRegion& region, uint64_t at) {
    Vector vector;
    std::memcpy(&vector, region.bytes.data() + at, sizeof vector);
    const uint64_t begin = vector.begin, end = vector.end, room_end = vector.room_end;
    if (begin == 0 || begin % 8 != 0 || begin > end || end > room_end || begin == room_end ||
        (end - begin) % 8 != 0 || (room_end - begin) % 8 != 0)
      return;
    const uint64_t size = room_end - begin;
    if (size > kLargestVector || !starts_block(begin, size) ||
        map_.at(map_.find(begin)).bytes - size >= kRounded || !is_in_use(region.address + at))
      return;
    // A fourth word about the same block: a ring, in use beyond its end, too.
    const auto also = [&](uint64_t offset) {
      uint64_t word = 0;
      if (offset + sizeof word <= region.bytes.size())
        std::memcpy(&word, region.bytes.data() + offset, sizeof word);
      return word >= begin && word <= room_end;
    };
    const bool ring = (at >= 8 && also(at - 8)) || also(at + sizeof vector);
    Node& node = nodes_[begin];
    node.bytes = std::max(node.bytes, size);
    node.in_use.push_back({begin, ring ? room_end : end});
  }

  void add(const Deque& deque, uint64_t size) {
    const Cursor &begin = deque.begin, &end = deque.end;
    if (deque.room == 0 || deque.room > uint64_t{1} << 32 || begin.node < deque.nodes ||
        end.node < begin.node || end.node >= deque.nodes + 8 * deque.room ||
        (begin.node == end.node && begin.at > end.at) || !starts_block(deque.nodes, 8 * deque.room))
      return;
    const std::span<const std::byte> bytes = bytes_at(begin.node, end.node + 8 - begin.node);
    std::vector<uint64_t> nodes(bytes.size() / 8);
    if (nodes.empty()) return;
    std::memcpy(nodes.data(), bytes.data(), 8 * nodes.size());
    if (nodes.front() != begin.first || nodes.back() != end.first ||
        !std::all_of(nodes.begin(), nodes.end(),
                     [&](uint64_t node) { return starts_block(node, size); }))
      return;
    for (size_t i = 0; i < nodes.size(); ++i) {
      Node& node = nodes_[nodes[i]];
      node.bytes = size;
      node.in_use.push_back(
          {i == 0 ? begin.at : nodes[i], i + 1 == nodes.size() ? end.at : nodes[i] + size});
    }
  }

  const MemoryPicture& picture_;
  const BlockMap map_;
  std::map<uint64_t, Node> nodes_;
};

std::vector<Cell> reached_frames(const Trace& trace, const MemoryPicture& picture,
                                 const Fixpoint& fixpoint, const BlockMap& map) {
  std::unordered_set<uint64_t> orphans;
  for (const Orphan& orphan : fixpoint.coroutines) orphans.insert(orphan.address);
  std::vector<Cell> frames;
  for (const Coroutine& coroutine : trace.coroutines)
    if (orphanable(coroutine) && orphans.count(coroutine.address) == 0 &&
        still_there(picture, coroutine))
      if (const Cell cell = map.find(coroutine.address); cell != kNoCell) frames.push_back(cell);
  std::sort(frames.begin(), frames.end());
  return frames;
}

// The bytes of nodes, blank where nothing is in use, and with them all regions in pieces.
struct Blanked {
  std::shared_ptr<const void> rest;
  std::map<uint64_t, std::vector<std::byte>> nodes;
};

// emptied(i) for each word's place that is not in use.
template <class Emptied>
void each_emptied(uint64_t address, const Node& node, Emptied emptied) {
  for (uint64_t at = 0; at + 8 <= node.bytes; at += 8)
    if (std::none_of(node.in_use.begin(), node.in_use.end(), [&](const AddressRange& range) {
          return range.start < address + at + 8 && address + at < range.end;
        }))
      emptied(at);
}

bool keeps_frame(std::span<const std::byte> bytes, uint64_t address, const Node& node,
                 const BlockMap& map, const std::vector<Cell>& frames) {
  bool any = false;
  each_emptied(address, node, [&](uint64_t at) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    if (word == 0 || any) return;
    const Cell cell = map.find(word);
    any = cell != kNoCell && std::binary_search(frames.begin(), frames.end(), cell);
  });
  return any;
}

void add_pieces(const MemoryRegion& region, const Blanked& blanked, std::vector<MemoryRegion>& to) {
  uint64_t from = region.address;
  for (auto node = blanked.nodes.lower_bound(region.address);
       node != blanked.nodes.end() && node->first < region.end(); ++node) {
    MemoryRegion before = region;
    before.address = from;
    before.bytes = region.bytes.subspan(from - region.address, node->first - from);
    if (!before.bytes.empty()) to.push_back(before);
    MemoryRegion inside = region;
    inside.address = node->first;
    inside.bytes = node->second;
    to.push_back(inside);
    from = node->first + node->second.size();
  }
  MemoryRegion rest = region;
  rest.address = from;
  rest.bytes = region.bytes.subspan(from - region.address);
  if (!rest.bytes.empty()) to.push_back(rest);
}

}  // namespace

std::optional<MemoryPicture> without_taken_out(const Trace& trace, const MemoryPicture& picture,
                                               const Fixpoint& fixpoint) {
  if (trace.coroutines.size() == fixpoint.coroutines.size()) return std::nullopt;
  Search search(picture);
  const std::vector<Cell> frames = reached_frames(trace, picture, fixpoint, search.map());
  if (frames.empty()) return std::nullopt;
  for (const MemoryRegion& region : picture.regions) search.look_through(region);
  auto blanked = std::make_shared<Blanked>();
  for (const auto& [address, node] : search.nodes()) {
    const uint64_t whole = search.map().at(search.map().find(address)).bytes;
    const std::span<const std::byte> bytes = search.bytes_at(address, whole);
    if (bytes.empty() || !keeps_frame(bytes, address, node, search.map(), frames)) continue;
    std::vector<std::byte>& copy = blanked->nodes[address];
    copy.assign(bytes.begin(), bytes.end());
    each_emptied(address, node, [&](uint64_t at) { std::memset(&copy[at], 0, 8); });
  }
  if (blanked->nodes.empty()) return std::nullopt;
  blanked->rest = picture.storage;
  MemoryPicture result = picture;
  result.regions.clear();
  for (const MemoryRegion& region : picture.regions) add_pieces(region, *blanked, result.regions);
  result.storage = std::move(blanked);
  return result;
}

}  // namespace track::analyze
