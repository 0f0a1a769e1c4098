// What the program said of its threads and of objects at addresses (wire/declared.h): names go to
// the tasks and objects; a mark becomes a label of its task, so that marked tasks are groups of
// their own wherever tasks are grouped; so does the name of the pool that a thread works for.
#include "libtrack/wire/declared.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>

#include "cli/model/error.h"
#include "cli/model/labels.h"
#include "cli/read/declared.h"
#include "cli/read/image.h"
#include "libtrack/wire/told.h"

namespace track::read {
namespace {

using wire::Declared;
using wire::DeclaredSort;
using wire::PoolMember;
using wire::ToldThread;

struct Said {
  uint64_t ticks = 0;
  uint32_t flags = 0;
  std::string name;
};
using SaidAt = std::unordered_map<uint64_t, Said>;

class DeclaredReader {
 public:
  explicit DeclaredReader(Image& image) : image_(image), trace_(image.trace()) {}

  void read() {
    read_objects();
    read_told_threads();
    read_pool_members();
    if (!coroutines_.empty())
      for (Coroutine& coroutine : trace_.coroutines)
        if (const Said* said = known(coroutines_, coroutine.address, coroutine.created_ticks)) {
          if (!said->name.empty()) trace_.coroutine_names[coroutine.id] = said->name;
          mark(*said, coroutine.labels, coroutine.created_at);
        }
    for (Fiber& fiber : trace_.fibers)
      if (const Said* said = known(fibers_, fiber.stack_high, fiber.created_ticks)) {
        fiber.name = said->name;
        mark(*said, fiber.labels, fiber.created_at);
      }
  }

 private:
  void read_objects() {
    const SectionView& section = image_.section(wire::SectionKind::declared);
    std::vector<Copy<Declared>> entries(std::min(section.used, wire::kDeclaredSlots));
    if (entries.empty()) return;
    if (!image_.bytes().read(section.offset, entries.data(), entries.size() * sizeof(Declared)))
      return image_.warn("what the program said of its objects could not be read");
    SaidAt locks;
    for (const Copy<Declared>& entry : entries) {
      const uint64_t address = entry->address.load(std::memory_order_acquire);
      if (address <= wire::kDeclaredClaimed || wire::is_reference_key(address)) continue;
      read_owner(*entry, address);
      Said said{entry->ticks.load(std::memory_order_relaxed),
                entry->flags.load(std::memory_order_relaxed),
                image_.text(entry->name.load(std::memory_order_relaxed))};
      switch (static_cast<DeclaredSort>(entry->sort.load(std::memory_order_relaxed))) {
        case DeclaredSort::lock:
          keep(locks, address, std::move(said));
          break;
        case DeclaredSort::coroutine:
          keep(coroutines_, address, std::move(said));
          break;
        case DeclaredSort::fiber:
          keep(fibers_, address, std::move(said));
          break;
        case DeclaredSort::root:
        case DeclaredSort::held:
        case DeclaredSort::none:
          break;
      }
    }
    for (auto& [address, said] : locks)
      if (!said.name.empty()) trace_.object_names[address] = std::move(said.name);
  }

  // Told twice at once: who owns it stands in one of the entries, or in both.
  void read_owner(const Declared& entry, uint64_t address) {
    if ((entry.flags.load(std::memory_order_relaxed) & wire::kToldObject) == 0) return;
    const uint32_t owner =
        wire::task_of_object(address, entry.owner.load(std::memory_order_relaxed));
    const uint32_t waker =
        wire::task_of_object(address, entry.waker.load(std::memory_order_relaxed));
    if (owner == 0 && waker == 0) return;
    ToldObject& object = trace_.told_objects[address];
    if ((owner & wire::kCoroutineOwner) != 0)
      object.owner_frame = frame_of(owner);
    else if (owner != 0)
      object.owner = owner;
    if (waker == 0) return;
    object.waker = waker;
    object.waker_ns = image_.to_ns(entry.waker_ticks.load(std::memory_order_relaxed));
  }

  uint64_t frame_of(uint32_t owner) {
    const uint32_t id = wire::id_of_owner(owner);
    const SectionView& section = image_.section(wire::SectionKind::told_coroutines);
    Copy<wire::ToldCoroutine> slot;
    const bool known =
        id - 1 < section.used &&
        image_.bytes().read(section.offset + (id - 1) * sizeof slot, &slot, sizeof slot);
    if (!known || wire::coroutine_owner(id, slot->created_ticks) != owner) return 0;
    const uint64_t frame = slot->frame.load(std::memory_order_relaxed);
    if (frame != 0) return frame;
    // Who awaited it may have what it owned.
    return slot->awaiter.load(std::memory_order_relaxed) == 0 ? ToldObject::kOverFrame : 0;
  }

  // Told twice at once: the later one is right.
  static void keep(SaidAt& all, uint64_t address, Said said) {
    Said& known = all[address];
    if (known.ticks <= said.ticks) known = std::move(said);
  }

  // What was said of an earlier task at the same place is not said of this one.
  static const Said* known(const SaidAt& all, uint64_t address, uint64_t created_ticks) {
    const auto said = all.find(address);
    return said == all.end() || said->second.ticks < created_ticks ? nullptr : &said->second;
  }

  void read_told_threads() {
    const SectionView& section = image_.section(wire::SectionKind::told_threads);
    std::unordered_map<uint32_t, Thread*> threads;
    for (Thread& thread : trace_.threads) threads.emplace(thread.id, &thread);
    for (uint64_t i = 0; i < section.used; ++i) {
      Copy<ToldThread> told;
      if (!image_.bytes().read(section.offset + i * sizeof(ToldThread), &told, sizeof told)) break;
      const auto thread = threads.find(told->task.load(std::memory_order_acquire));
      if (thread == threads.end()) continue;
      const Said said{0, told->flags.load(std::memory_order_relaxed),
                      image_.text(told->name.load(std::memory_order_relaxed))};
      if (!said.name.empty()) thread->second->name = said.name;
      mark(said, thread->second->labels, thread->second->created_at);
      mark(said, thread->second->labels_now);
      // The innermost that it is known of.
      if (const uint32_t waits = told->waits.load(std::memory_order_acquire); waits != 0)
        thread->second->told = image_.told_wait(told->wait[std::min(waits, wire::kToldWaits) - 1]);
    }
  }

  void read_pool_members() {
    const SectionView& section = image_.section(wire::SectionKind::pool_members);
    if (section.used == 0) return;
    std::unordered_map<uint32_t, Thread*> threads;
    for (Thread& thread : trace_.threads) threads.emplace(thread.id, &thread);
    for (uint64_t i = 0; i < section.used; ++i) {
      Copy<PoolMember> member;
      if (!image_.bytes().read(section.offset + i * sizeof(PoolMember), &member, sizeof member))
        break;
      const auto found = threads.find(member->task.load(std::memory_order_acquire));
      const uint64_t pool = member->pool.load(std::memory_order_acquire);
      if (found == threads.end() || pool == 0) continue;
      Thread& thread = *found->second;
      thread.works_for = {pool, member->jobs.load(std::memory_order_relaxed),
                          member->tells_jobs.load(std::memory_order_relaxed) != 0,
                          image_.text(member->name.load(std::memory_order_relaxed))};
      if (thread.works_for.name.empty()) continue;
      add_label(thread.labels, kPoolLabel, thread.works_for.name);
      add_label(thread.labels_now, kPoolLabel, thread.works_for.name);
    }
  }

  void mark(const Said& said, uint32_t& labels) {
    if ((said.flags & wire::kToldLongLived) != 0) add_label(labels, kExpectedLabel, kToLiveLong);
  }

  // Makes of `labels` the set with one more.
  void add_label(uint32_t& labels, const std::string& key, const std::string& value) {
    const auto [entry, fresh] = added_sets_.try_emplace({labels, key, value}, 0);
    if (fresh) {
      LabelList list = trace_.label_sets[labels];
      std::erase_if(list, [&](const Label& label) { return label.key == key; });
      list.push_back({key, value});
      std::sort(list.begin(), list.end(),
                [](const Label& a, const Label& b) { return a.key < b.key; });
      trace_.label_sets.push_back(std::move(list));
      entry->second = static_cast<uint32_t>(trace_.label_sets.size() - 1);
      if (const auto scope = trace_.label_scopes.find(labels); scope != trace_.label_scopes.end()) {
        const uint32_t same = scope->second;
        trace_.label_scopes[entry->second] = same;
      }
    }
    labels = entry->second;
  }
  void mark(const Said& said, uint32_t& labels, StackIndex& created_at) {
    if ((said.flags & wire::kToldLongLived) == 0) return;
    mark(said, labels);
    if (created_at == 0) return;
    const auto [entry, fresh] = marked_stacks_.try_emplace(created_at, 0);
    if (fresh) {
      Stack stack = trace_.stacks[created_at];
      stack.labels = labels;
      trace_.stacks.push_back(std::move(stack));
      entry->second = static_cast<StackIndex>(trace_.stacks.size() - 1);
    }
    created_at = entry->second;
  }

  Image& image_;
  Trace& trace_;
  SaidAt coroutines_, fibers_;
  std::map<std::tuple<uint32_t, std::string, std::string>, uint32_t> added_sets_;
  std::unordered_map<StackIndex, StackIndex> marked_stacks_;
};

}  // namespace

// As wide as its documentation says.
void read_suppressions(Image& image) {
  constexpr uint64_t kMost = uint64_t{64} << 10;
  const SectionView& strings = image.section(wire::SectionKind::strings);
  const uint64_t at = image.header().suppressions;
  if (at == 0) return;
  std::string text(at < strings.capacity ? std::min(kMost, strings.capacity - at) : 0, '\0');
  if (text.empty() || !image.bytes().read(strings.offset + at, text.data(), text.size()))
    return image.warn("the program's own suppressions lie outside their section");
  const size_t end = text.find('\0');
  if (end == std::string::npos)
    image.warn("the program's own suppressions are longer than 64 KiB: the rest is left out");
  else
    text.resize(end);
  for (size_t begin = 0; begin < text.size();) {
    const size_t line = std::min(text.find('\n', begin), text.size());
    image.trace().suppressions.push_back(clean_text(text.data() + begin, line - begin));
    begin = line + 1;
  }
}

HiddenReferences read_hidden_references(const Bytes& bytes) {
  Trace scratch;
  Image image(bytes, "the recording", true, scratch);
  HiddenReferences hidden;
  hidden.lost = image.header().lost.references.load(std::memory_order_relaxed);
  const SectionView& section = image.section(wire::SectionKind::declared);
  std::vector<Copy<Declared>> entries(std::min(section.used, wire::kDeclaredSlots));
  if (!entries.empty() &&
      !bytes.read(section.offset, entries.data(), entries.size() * sizeof(Declared)))
    throw Error("what the program said of hidden references could not be read");
  for (const Copy<Declared>& entry : entries) {
    const uint64_t key = entry->address.load(std::memory_order_acquire);
    const uint64_t address = wire::address_of_reference(key);
    const uint64_t bytes_of_root = entry->extent.load(std::memory_order_relaxed);
    if (key == wire::reference_key(DeclaredSort::held, address))
      hidden.held.push_back(address);
    else if (key == wire::reference_key(DeclaredSort::root, address))
      hidden.roots.push_back({address, address + std::min(bytes_of_root, ~address)});
  }
  return hidden;
}

void read_declared(Image& image) {
  DeclaredReader(image).read();
}

}  // namespace track::read
