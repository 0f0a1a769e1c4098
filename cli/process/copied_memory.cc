#include "cli/process/copied_memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "cli/model/error.h"
#include "cli/process/proc.h"

namespace track::process {
namespace {

constexpr uint64_t kLargestRun = 4 << 20;  // so that helpers share the work evenly
constexpr uint64_t kHuge = 2 << 20;
constexpr uint64_t kSmall = 16 << 20;  // not worth a second thread

constexpr uint64_t kNowhere = ~uint64_t{0};  // a run that could not be read

// The bytes of a process. For an image its mem file: process_vm_readv pins pages, for which the
// kernel copies each page that an image still shares. For the process itself that file is the
// second choice: it gives what the process itself may not read now.
class Source {
 public:
  Source(pid_t pid, bool live) : memory_(pid), live_(live) {
    file_ = open(("/proc/" + std::to_string(pid) + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
  }
  ~Source() {
    if (file_ >= 0) close(file_);
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  bool read(uint64_t address, std::byte* to, size_t bytes) const {
    if ((live_ || file_ < 0) && memory_.read_some(address, to, bytes) == bytes) return true;
    return file_ >= 0 && read_file(file_, address, to, bytes);
  }

  static bool read_file(int file, uint64_t at, std::byte* to, size_t bytes) {
    while (bytes != 0) {
      const ssize_t n = pread(file, to, bytes, static_cast<off_t>(at));
      if (n <= 0) return false;
      at += static_cast<uint64_t>(n);
      to += n;
      bytes -= static_cast<size_t>(n);
    }
    return true;
  }

 private:
  LiveMemory memory_;
  bool live_;
  int file_ = -1;
};

}  // namespace

uint64_t resident_bytes(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/status";
  return bytes_in(path, "RssAnon") + bytes_in(path, "RssShmem") + bytes_in(path, "VmSwap");
}

void CopiedMemory::reserve(uint64_t bytes) {
  require_room("process " + std::to_string(pid_), bytes);
  room_ = Room(bytes + kHuge);
  // Touched now: a fault on each page would triple the time of the copy.
  room_.touch(bytes + kHuge);
}

void CopiedMemory::add_run(const AddressRange& range, size_t first, const Run& like) {
  for (uint64_t start = range.start; start < range.end;) {
    const bool joins = runs_.size() > first && runs_.back().end == start &&
                       runs_.back().file == like.file && runs_.back().shared == like.shared &&
                       like.file < 0 && start - runs_.back().start < kLargestRun;
    const uint64_t begun = joins ? runs_.back().start : start;
    const uint64_t end = std::min(range.end, begun + kLargestRun);
    if (joins) {
      runs_.back().end = end;
    } else {
      runs_.push_back(like);
      runs_.back().start = start;
      runs_.back().end = end;
      runs_.back().at = used_;
      runs_.back().offset = like.offset + (start - like.start);
    }
    used_ += end - start;
    start = end;
  }
}

bool CopiedMemory::find_runs(const Mapping& mapping, const PageTable& pages, size_t first) {
  const auto which =
      keeps(mapping) == Keeps::written ? PageTable::Which::written : PageTable::Which::existing;
  std::vector<AddressRange> found;
  if (!pages.find(mapping.start, mapping.end, which, found)) {
    // Fetched to be sure; what a file stands behind would be all of the file.
    if (which == PageTable::Which::written || mapping.end - mapping.start > kLargestSearched)
      return false;
    found = {{mapping.start, mapping.end}};
  }
  Run like;
  like.shared = mapping.shared;
  for (const AddressRange& range : found) add_run(range, first, like);
  return true;
}

int CopiedMemory::find_parts(const Mapping& mapping, size_t first) {
  const SharedParts shared = shared_parts(pid_, mapping);
  if (shared.file < 0) return -1;
  Run like;
  like.start = mapping.start;
  like.shared = mapping.shared;
  like.file = shared.file;
  like.offset = mapping.offset;
  std::vector<AddressRange> known;
  for (size_t i = first; i < runs_.size(); ++i) known.push_back({runs_[i].start, runs_[i].end});
  auto next = known.begin();
  for (AddressRange part : shared.parts) {
    for (; next != known.end() && next->end <= part.start; ++next) {
    }
    for (auto at = next; at != known.end() && at->start < part.end; ++at) {
      if (part.start < at->start) add_run({part.start, at->start}, runs_.size(), like);
      part.start = std::max(part.start, at->end);
    }
    if (part.start < part.end) add_run(part, runs_.size(), like);
  }
  return shared.file;
}

void CopiedMemory::fetch(pid_t from, size_t first, size_t step, std::vector<char>& failed) {
  const Source source(from, from == pid_), live(pid_, true);
  for (size_t i = first; i < runs_.size(); i += step) {
    const Run& run = runs_[i];
    std::byte* const to = room_.data() + run.at;
    const size_t bytes = run.end - run.start;
    failed[i] = run.file >= 0 ? !Source::read_file(run.file, run.offset, to, bytes)
                              : !(run.shared ? live : source).read(run.start, to, bytes);
  }
}

void CopiedMemory::copy(const std::vector<Mapping>& mappings, pid_t from,
                        std::vector<std::string>& missing) {
  const size_t first = runs_.size();
  const uint64_t used_before = used_;
  const PageTable pages(from), own_pages(pid_);
  std::vector<int> files;
  for (const Mapping& mapping : mappings) {
    if (keeps(mapping) == Keeps::nothing) continue;
    // What a file stands behind and nobody has touched is not zero: it is read when asked for.
    if (mapping.inode == 0) areas_.push_back({mapping.start, mapping.end});
    const size_t begin = runs_.size();
    if (!find_runs(mapping, mapping.shared ? own_pages : pages, begin)) {
      missing.push_back("a mapping of " + std::to_string((mapping.end - mapping.start) >> 20) +
                        " MiB is not copied: which of its pages exist cannot be told");
      continue;
    }
    if (!is_memory_file(mapping)) continue;
    if (const int file = find_parts(mapping, begin); file >= 0) files.push_back(file);
  }
  room_.grow(used_);
  std::vector<char> failed(runs_.size(), 0);
  const unsigned helpers =
      used_ - used_before < kSmall ? 1 : std::clamp(std::thread::hardware_concurrency(), 1u, 4u);
  std::vector<std::thread> threads;
  // All of it by others than this thread, which may be an urgent one.
  for (unsigned i = 0; helpers > 1 && i < helpers; ++i)
    threads.emplace_back(
        [this, from, first, i, helpers, &failed] { fetch(from, first + i, helpers, failed); });
  if (helpers == 1) fetch(from, first, 1, failed);
  for (std::thread& thread : threads) thread.join();
  for (const int file : files) close(file);
  const auto lost = std::count(failed.begin(), failed.end(), 1);
  if (lost != 0) missing.push_back(std::to_string(lost) + " parts of the memory could not be read");
  for (size_t i = first; i < runs_.size(); ++i)
    if (failed[i] != 0) runs_[i].at = kNowhere;
  std::sort(runs_.begin(), runs_.end(),
            [](const Run& a, const Run& b) { return a.start < b.start; });
  std::sort(areas_.begin(), areas_.end(),
            [](const Area& a, const Area& b) { return a.start < b.start; });
}

const CopiedMemory::Run* CopiedMemory::run_at(uint64_t address) const {
  auto after = std::upper_bound(runs_.begin(), runs_.end(), address,
                                [](uint64_t value, const Run& run) { return value < run.start; });
  if (after == runs_.begin()) return nullptr;
  const Run& run = *std::prev(after);
  return address < run.end ? &run : nullptr;
}

const CopiedMemory::Area* CopiedMemory::area_at(uint64_t address) const {
  auto after =
      std::upper_bound(areas_.begin(), areas_.end(), address,
                       [](uint64_t value, const Area& area) { return value < area.start; });
  if (after == areas_.begin()) return nullptr;
  const Area& area = *std::prev(after);
  return address < area.end ? &area : nullptr;
}

std::span<const std::byte> CopiedMemory::view(uint64_t address) const {
  const Run* run = run_at(address);
  if (run == nullptr || run->at == kNowhere) return {};
  return {room_.data() + run->at + (address - run->start), run->end - address};
}

uint64_t CopiedMemory::next_view(uint64_t address) const {
  if (const Run* run = run_at(address); run != nullptr && run->at != kNowhere) return address;
  auto next = std::upper_bound(runs_.begin(), runs_.end(), address,
                               [](uint64_t value, const Run& run) { return value < run.start; });
  while (next != runs_.end() && next->at == kNowhere) ++next;
  return next == runs_.end() ? ~uint64_t{0} : next->start;
}

size_t CopiedMemory::read_some(uint64_t address, void* to, size_t bytes) const {
  size_t done = 0;
  auto* out = static_cast<std::byte*>(to);
  while (done < bytes) {
    const uint64_t at = address + done;
    if (const auto here = view(at); !here.empty()) {
      const size_t n = std::min(bytes - done, here.size());
      std::memcpy(out + done, here.data(), n);
      done += n;
    } else if (run_at(at) != nullptr) {
      break;
    } else if (const Area* area = area_at(at)) {
      // Never touched, up to the next page that was.
      const auto next =
          std::upper_bound(runs_.begin(), runs_.end(), at,
                           [](uint64_t value, const Run& run) { return value < run.start; });
      const uint64_t end = next == runs_.end() ? area->end : std::min(area->end, next->start);
      const size_t n = std::min<uint64_t>(bytes - done, end - at);
      std::memset(out + done, 0, n);
      done += n;
    } else {
      const auto next =
          std::upper_bound(areas_.begin(), areas_.end(), at,
                           [](uint64_t value, const Area& area) { return value < area.start; });
      const size_t n =
          next == areas_.end() ? bytes - done : std::min<uint64_t>(bytes - done, next->start - at);
      const size_t got = live_.read_some(at, out + done, n);
      done += got;
      if (got < n) break;
    }
  }
  return done;
}

}  // namespace track::process
