#include "cli/serve/views.h"

#include <zlib.h>

#include <nlohmann/json.hpp>
#include <set>

#include "cli/model/error.h"
#include "cli/verbs/load.h"
#include "cli/verbs/view.h"
#include "cli/write/json_parts.h"

namespace track::serve {
namespace {

constexpr size_t kMostPages = 16;
constexpr size_t kMostBytes = 256 << 20;  // packed, of all pages
constexpr std::chrono::seconds kShared{5};

std::string unpacked(const write::BundleSection& section) {
  std::string raw(section.raw_bytes, '\0');
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) throw Error("zlib cannot begin");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(section.packed.data()));
  stream.avail_in = static_cast<uInt>(section.packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(raw.data());
  stream.avail_out = static_cast<uInt>(raw.size());
  const int end = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  if (end != Z_STREAM_END) throw Error("section " + section.name + " cannot be unpacked");
  return raw;
}

}  // namespace

std::shared_ptr<const ServedView> Views::make() const {
  auto view = std::make_shared<ServedView>();
  view->began = Clock::now();
  verbs::SymbolSettings symbols = verbs::symbols_for_view(target_.symbols());
  verbs::ViewSettings settings;
  settings.judge = target_.judging();
  settings.live = target_.name().live;
  verbs::View made = verbs::make_view(
      verbs::load_target(target_.name().target, symbols, true, &target_.names()), {}, settings);
  view->bundle = std::move(made.bundle);
  for (write::BundleSection& section : view->bundle.sections) {
    if (section.name != "meta.json") continue;
    view->meta = unpacked(section);
    if (!control_) continue;
    write::Json meta = write::Json::parse(view->meta);
    meta["control"] = true;
    view->meta = write::dump_json(meta);
    write::Bundle repacked;
    repacked.add("meta.json", view->meta);
    section = std::move(repacked.sections.front());
  }
  return view;
}

size_t Views::bytes() const {
  std::set<const ServedView*> views;
  for (const auto& [page, view] : pages_) views.insert(view.get());
  size_t all = 0;
  for (const ServedView* view : views)
    for (const write::BundleSection& section : view->bundle.sections) all += section.packed.size();
  return all;
}

std::shared_ptr<const ServedView> Views::of_page(uint64_t page, bool fresh) {
  const std::lock_guard hold(mutex_);
  if (const auto known = pages_.find(page); known != pages_.end() && !fresh) return known->second;
  const bool shared =
      newest_ && !fresh && (Clock::now() - newest_->began < kShared || !target_.name().live);
  if (!shared) {
    const auto alone = Target::reading();
    const auto before = processor_time();
    try {
      newest_ = make();
    } catch (const Error&) {
      // What ended can still be looked at as it last was.
      if (!newest_) throw;
    }
    target_.add_cost(processor_time() - before);
  }
  pages_[page] = newest_;
  while (pages_.size() > kMostPages || (pages_.size() > 1 && bytes() > kMostBytes))
    pages_.erase(pages_.begin());
  return newest_;
}

}  // namespace track::serve
