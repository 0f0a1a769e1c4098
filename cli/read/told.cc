// Coroutines that the program told about itself: joined with those of the coroutine table.
#include "libtrack/wire/told.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "cli/read/image.h"

namespace track::read {
namespace {

using wire::ToldCoroutine;
using wire::ToldPlace;
using wire::ToldState;

constexpr uint64_t kMostTold = uint64_t{16} << 20;
constexpr uint64_t kChunk = 4096;

// g++ 12 calls the body of f(int) `void f(f(int)::_Z1fi.Frame*)`: what its parameter's type lies in
// is the function.
std::string function_text(std::string text) {
  constexpr std::string_view kUnnamed = "{anonymous}";
  for (size_t at = 0; (at = text.find(kUnnamed, at)) != std::string::npos;)
    text.replace(at, kUnnamed.size(), "(anonymous namespace)");
  constexpr const char* kFrame = ".Frame*)";
  const size_t frame = text.rfind(kFrame);
  if (frame == std::string::npos) return text;
  const size_t end = text.rfind("::", frame);
  int open = 0;
  size_t begin = frame + std::strlen(kFrame);
  while (begin-- > 0) {
    if (text[begin] == ')') ++open;
    if (text[begin] == '(' && --open == 0) break;
  }
  if (begin == std::string::npos || end == std::string::npos || begin + 1 >= end) return text;
  return text.substr(begin + 1, end - begin - 1);
}

class ToldReader {
 public:
  explicit ToldReader(Image& image)
      : image_(image),
        coroutines_(image.section(wire::SectionKind::told_coroutines)),
        places_(image.section(wire::SectionKind::told_places)) {}

  void read() {
    std::vector<Copy<ToldCoroutine>> slots(kChunk);
    for (uint64_t start = 0; start < std::min(coroutines_.used, kMostTold); start += kChunk) {
      const uint64_t n = std::min(kChunk, coroutines_.used - start);
      if (!image_.bytes().read(coroutines_.offset + start * sizeof(ToldCoroutine), slots.data(),
                               n * sizeof(ToldCoroutine))) {
        image_.warn("what the program told of " + std::to_string(n) +
                    " coroutines could not be read");
        continue;
      }
      for (uint64_t i = 0; i < n; ++i) take(*slots[i], start + i);
    }
    if (told_.empty()) return;
    std::unordered_map<uint64_t, size_t> recorded;
    std::vector<Coroutine>& all = image_.trace().coroutines;
    for (size_t i = 0; i < all.size(); ++i) recorded.emplace(all[i].address, i);
    for (Coroutine& coroutine : told_) {
      const auto same = recorded.find(coroutine.address);
      if (same == recorded.end()) {
        all.push_back(std::move(coroutine));
        continue;
      }
      // It has a block of its own, and whoever allocated that created it.
      Coroutine& known = all[same->second];
      known.told = coroutine.told;
      if (known.created_at == 0) known.created_at = coroutine.created_at;
    }
  }

 private:
  void take(const ToldCoroutine& slot, uint64_t index) {
    const uint64_t frame = slot.frame.load(std::memory_order_relaxed);
    const ToldState state = slot.state.load(std::memory_order_relaxed);
    if (frame == 0) return;
    Coroutine coroutine;
    coroutine.id = image_.section(wire::SectionKind::coroutines).capacity + index + 1;
    coroutine.address = frame;
    coroutine.creator = slot.creator;
    coroutine.created_ticks = slot.created_ticks;
    coroutine.created_ns = image_.to_ns(slot.created_ticks);
    coroutine.labels = image_.labels(slot.labels);
    if (slot.stack != wire::kToldInTable)
      coroutine.created_at = image_.stack(slot.stack, coroutine.labels);
    coroutine.inside = true;
    track::Told& told = coroutine.told;
    told.state = state == ToldState::running ? TaskState::running : TaskState::suspended;
    if (state == ToldState::final) told.state = TaskState::done;
    told.awaiter = slot.awaiter.load(std::memory_order_relaxed);
    told.resumes = slot.resumes.load(std::memory_order_relaxed);
    told.thread = slot.thread.load(std::memory_order_relaxed);
    if (const uint64_t since = slot.since_ticks.load(std::memory_order_relaxed); since != 0)
      told.since_ns = image_.to_ns(since);
    if (told.state == TaskState::suspended)
      told.wait = told_wait(slot.object.load(std::memory_order_relaxed));
    told.wait.since_ns = told.since_ns;
    told.wait.sequence = static_cast<uint32_t>(told.resumes);
    told.point = point_of(slot.place.load(std::memory_order_relaxed), state);
    // Two in one place: the older one's memory went without its destructor.
    const auto [entry, fresh] = by_frame_.try_emplace(frame, told_.size());
    if (fresh)
      told_.push_back(std::move(coroutine));
    else if (told_[entry->second].created_ticks < coroutine.created_ticks)
      told_[entry->second] = std::move(coroutine);
  }

  // Into Trace::told_points; of a running one the place where it waited last.
  uint32_t point_of(uint32_t place, ToldState state) {
    const AwaitStage stage = state == ToldState::initial ? AwaitStage::initial
                             : state == ToldState::final ? AwaitStage::final
                                                         : AwaitStage::await;
    const auto [entry, fresh] = points_.try_emplace(uint64_t{place} * 8 + uint64_t(stage), 0);
    if (!fresh) return entry->second;
    std::vector<ToldPoint>& points = image_.trace().told_points;
    if (points.empty()) points.emplace_back();
    ToldPoint point;
    point.await.stage = stage;
    Copy<ToldPlace> text;
    if (place != 0 && place <= places_.capacity &&
        image_.bytes().read(places_.offset + (place - 1) * sizeof(ToldPlace), &text, sizeof text) &&
        text->complete.load(std::memory_order_relaxed) != 0) {
      point.function = function_text(clean_text(text->function, sizeof text->function));
      point.await.file = clean_text(text->file, sizeof text->file);
      point.await.line = text->line;
      point.await.method = AwaitMethod::told;
      point.await.exact = true;
    }
    points.push_back(std::move(point));
    return entry->second = static_cast<uint32_t>(points.size() - 1);
  }

  Image& image_;
  const SectionView& coroutines_;
  const SectionView& places_;
  std::vector<Coroutine> told_;
  std::unordered_map<uint64_t, size_t> by_frame_;
  std::unordered_map<uint64_t, uint32_t> points_;
};

}  // namespace

void read_told(Image& image) {
  ToldReader(image).read();
}

}  // namespace track::read
