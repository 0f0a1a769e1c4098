#include "cli/symbolize/coroutine_code.h"

#include <algorithm>

namespace track::symbolize {
namespace {

constexpr int kAfterStore = 16;   // instructions that still belong to a suspension
constexpr int kAfterResume = 12;  // that still belong to a resumption

bool is_await_call(const std::string& function) {
  for (const char* name : {"await_suspend", "await_resume"}) {
    const size_t at = function.rfind(name);
    if (at == std::string::npos) continue;
    if (at > 0 && function[at - 1] != ':') continue;
    const size_t end = at + std::string(name).size();
    if (end == function.size() || function[end] == '(' || function[end] == '<') return true;
  }
  return false;
}

}  // namespace

CoroutineCode::CoroutineCode(MachineCode& code, FramesAt frames_at, std::vector<CodeRange> body,
                             CodeRange ramp, uint64_t destroy, FrameLayout layout)
    : code_(code),
      frames_at_(std::move(frames_at)),
      body_(std::move(body)),
      ramp_(ramp),
      layout_(std::move(layout)) {
  if (body_.empty()) {
    suspend_.index = layout_.index;
    return;
  }
  suspend_ = read_suspend_code(code_, destroy, body_, layout_.index);
}

FrameShape CoroutineCode::shape() const {
  FrameShape shape;
  shape.gcc = suspend_.gcc;
  if (suspend_.index) {
    shape.index_offset = static_cast<uint32_t>(suspend_.index->offset);
    shape.index_bytes = suspend_.index->bytes;
  }
  shape.self_offset = layout_.self_offset;
  shape.promise_offset = layout_.promise_offset;
  shape.promise_bytes = layout_.promise_bytes;
  shape.frame_bytes = layout_.frame_bytes;
  shape.points = static_cast<uint32_t>(suspend_.targets.size());
  return shape;
}

const AwaitPoint& CoroutineCode::point(uint64_t index) {
  const auto [entry, fresh] = points_.try_emplace(index);
  if (fresh) entry->second = work_out(index);
  return entry->second;
}

// The body's own line: that of the outermost function, the inlined ones are what it awaits.
const CoroutineCode::Place& CoroutineCode::place(uint64_t address) {
  const auto [entry, fresh] = places_.try_emplace(address);
  Place& place = entry->second;
  if (!fresh) return place;
  const std::vector<Frame> frames = frames_at_(address);
  if (frames.empty()) return place;
  place.file = frames.back().file;
  place.line = frames.back().line;
  if (frames.size() > 1 && is_await_call(frames[frames.size() - 2].function))
    place.awaited_line = place.line;
  return place;
}

// The lines of the function's head and of its closing brace.
void CoroutineCode::measure() {
  if (measured_) return;
  measured_ = true;
  if (body_.empty()) return;
  declared_ = place(body_.front().first);
  if (layout_.declared_line != 0) declared_.line = layout_.declared_line;
  for (const auto& [start, end] : body_) {
    for (uint64_t at = start; at < end;) {
      const Instruction* i = code_.at(at);
      const Place& here = place(at);
      if (here.file == declared_.file && here.line > closing_.line) closing_ = here;
      at = i != nullptr ? i->next : at + 1;
    }
  }
}

std::vector<uint64_t> CoroutineCode::flow_from(uint64_t address, int most) {
  std::vector<uint64_t> flow;
  uint64_t at = address;
  for (int n = 0; n < most; ++n) {
    const Instruction* i = code_.at(at);
    if (i == nullptr) break;
    flow.push_back(at);
    if (i->ends_flow() || (i->op == ZYDIS_MNEMONIC_CALL && n > 0)) break;
    if (i->op == ZYDIS_MNEMONIC_JMP && !i->direct_jump()) break;
    at = i->direct_jump() ? static_cast<uint64_t>(i->to.value) : i->next;
  }
  return flow;
}

// What the first suspension is: clang stores index 0 in the ramp, be it the initial suspension or,
// in a coroutine that starts at once, its first co_await.
AwaitStage CoroutineCode::stage_of(uint64_t index) {
  if (suspend_.gcc) return index == 2 ? AwaitStage::initial : AwaitStage::await;
  if (index != 0 || (suspend_.index && suspend_.stores.count(0) != 0)) return AwaitStage::await;
  if (layout_.start == Start::lazy) return AwaitStage::initial;
  if (layout_.start == Start::eager) return AwaitStage::await;
  const std::optional<Place> place = in_ramp();
  if (!place) return AwaitStage::unknown;
  return *place == declared_ ? AwaitStage::initial : AwaitStage::await;
}

// Where the ramp suspends, if that is one place.
std::optional<CoroutineCode::Place> CoroutineCode::in_ramp() {
  if (!suspend_.index || ramp_.first == ramp_.second) return std::nullopt;
  std::optional<Place> found;
  const auto stores = read_index_stores(code_, ramp_, *suspend_.index);
  const auto [first, last] = stores.equal_range(0);
  for (auto store = first; store != last; ++store) {
    const Place& here = place(store->second);
    if (here.line == 0 || (found && !(*found == here))) return std::nullopt;
    found = here;
  }
  return found;
}

std::optional<CoroutineCode::Place> CoroutineCode::place_of_store(uint64_t address) {
  const Place own = place(address);
  const bool one_line = declared_ == closing_;
  if (own.line != 0 && (!suspend_.gcc || one_line || !(own == closing_))) return own;
  // GCC 12 gives a co_await inside an expression the line of the closing brace; the call of
  // await_suspend that follows has its own.
  for (const uint64_t at : flow_from(address, kAfterStore)) {
    const Place& near = place(at);
    if (near.line != 0 && !edge(near)) return near;
  }
  if (own.line == 0) return std::nullopt;
  return own;
}

std::optional<CoroutineCode::Place> CoroutineCode::suspend_side(uint64_t index) {
  std::optional<Place> found;
  const auto [first, last] = suspend_.stores.equal_range(index);
  for (auto store = first; store != last; ++store) {
    const std::optional<Place> here = place_of_store(store->second);
    if (!here) continue;
    if (found && !(*found == *here)) return std::nullopt;
    found = here;
  }
  return found;
}

std::optional<CoroutineCode::Place> CoroutineCode::resume_side(uint64_t index, bool& exact) {
  if (body_.empty()) return std::nullopt;
  uint64_t target = body_.front().first;  // with one suspension there is nothing to choose
  if (suspend_.index) {
    const auto known = suspend_.targets.find(index);
    if (known != suspend_.targets.end())
      target = known->second;
    else if (!suspend_.targets.empty())
      return std::nullopt;
  }
  std::optional<Place> found;
  for (const uint64_t at : flow_from(target, kAfterResume)) {
    const Place& here = place(at);
    if (here.line == 0) continue;
    if (here.awaited_line != 0) {
      exact = true;
      return here;
    }
    if (!found || edge(*found)) found = here;
  }
  return found;
}

// GCC numbers its awaiter variables in the order of the suspension points.
std::string CoroutineCode::awaiter_type(uint64_t index) const {
  if (!suspend_.gcc || index < 4 || index % 2 != 0) return {};
  std::vector<const FrameMember*> awaiters;
  for (const FrameMember& member : layout_.members)
    if (member.name.starts_with("Aw") || member.name.starts_with("Yd")) awaiters.push_back(&member);
  // With awaiters that live elsewhere the order says nothing: initial, awaits, final.
  if (awaiters.size() + 3 != suspend_.targets.size()) return {};
  const size_t nth = index / 2 - 2;
  return nth < awaiters.size() ? awaiters[nth]->type : std::string();
}

AwaitPoint CoroutineCode::work_out(uint64_t index) {
  AwaitPoint point;
  point.index = static_cast<uint32_t>(index);
  point.promise_type = layout_.promise_type;
  if (suspend_.gcc && index == 0) return point;
  const auto label = layout_.labels.find(index);
  measure();
  point.stage = stage_of(index);
  const auto set = [&](const Place& place, AwaitMethod method, bool exact) {
    point.file = place.file;
    point.line = place.line;
    point.method = place.line == 0 ? AwaitMethod::none : method;
    point.exact = exact && place.line != 0;
  };
  if (point.stage == AwaitStage::initial) {
    set(declared_, AwaitMethod::dwarf, true);
    return point;
  }
  if (point.stage == AwaitStage::unknown) return point;
  point.awaiter_type = awaiter_type(index);
  if (label != layout_.labels.end()) {
    set({label->second.file, label->second.line, 0}, AwaitMethod::label, true);
    return point;
  }
  auto place = suspend_side(index);
  if (!place && index == 0) place = in_ramp();
  if (place) {
    set(*place, place->awaited_line != 0 ? AwaitMethod::dwarf : AwaitMethod::suspend_side, true);
    return point;
  }
  bool exact = false;
  if (place = resume_side(index, exact); place)
    set(*place, exact ? AwaitMethod::dwarf : AwaitMethod::resume_side, exact);
  return point;
}

}  // namespace track::symbolize
