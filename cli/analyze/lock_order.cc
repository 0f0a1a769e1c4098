#include "cli/analyze/lock_order.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "cli/analyze/group.h"
#include "cli/model/words.h"

namespace track::analyze {
namespace {

constexpr size_t kLongest = 4;  // locks in a cycle
constexpr size_t kMostSteps = 2'000'000;
constexpr size_t kMostFindings = 50;

using Lock = std::pair<uint64_t, uint32_t>;  // address, birth
Lock lock_of(const OrderedLock& lock) {
  return {lock.address, lock.birth};
}

// One lock was taken while another was held.
struct Step {
  size_t order = 0;  // into Trace::lock_orders
  const OrderedLock* held = nullptr;
  const OrderedLock* taken = nullptr;
  const OrderWitness* witness = nullptr;  // of the cycle it is part of
};

bool excludes(HeldSort a, HeldSort b) {
  return a != HeldSort::read || b != HeldSort::read;
}

// Both hold a lock that only one of them can hold.
bool kept_apart(const LockOrder& a, const LockOrder& b) {
  for (const OrderedLock& one : a.held)
    for (const OrderedLock& other : b.held)
      if (lock_of(one) == lock_of(other) && excludes(one.sort, other.sort)) return true;
  return false;
}

class Search {
 public:
  explicit Search(const Trace& trace) : trace_(trace) {
    for (const Thread& thread : trace.threads) creators_[thread.id] = thread.creator;
    for (const LockOrder& order : trace.lock_orders)
      for (const OrderWitness& witness : order.witnesses)
        creators_.try_emplace(witness.task, witness.creator);
    for (size_t i = 0; i < trace.lock_orders.size(); ++i) {
      const LockOrder& order = trace.lock_orders[i];
      if (!order.complete || order.witnesses.empty()) continue;
      for (const OrderedLock& held : order.held)
        from_[lock_of(held)].push_back({i, &held, &order.lock});
    }
  }

  std::vector<std::vector<Step>> cycles() {
    for (const auto& [lock, steps] : from_) {
      first_ = lock;
      path_.clear();
      extend(lock);
    }
    return std::move(found_);
  }

 private:
  void extend(const Lock& at) {
    const auto steps = from_.find(at);
    if (steps == from_.end()) return;
    for (const Step& step : steps->second) {
      if (++steps_ > kMostSteps || found_.size() >= kMostFindings) return;
      const Lock next = lock_of(*step.taken);
      // Each cycle once: from its smallest lock on.
      if (next < first_ || !fits(step)) continue;
      path_.push_back(step);
      if (next == first_)
        close();
      else if (path_.size() < kLongest && !on_path(next))
        extend(next);
      path_.pop_back();
    }
  }

  bool on_path(const Lock& lock) const {
    return std::any_of(path_.begin(), path_.end(),
                       [&](const Step& step) { return lock_of(*step.held) == lock; });
  }

  bool fits(const Step& step) const {
    if (!path_.empty() && !excludes(path_.back().taken->sort, step.held->sort)) return false;
    return std::none_of(path_.begin(), path_.end(), [&](const Step& other) {
      return other.order == step.order ||
             kept_apart(trace_.lock_orders[other.order], trace_.lock_orders[step.order]);
    });
  }

  void close() {
    if (path_.size() < 2 || !excludes(path_.back().taken->sort, path_.front().held->sort)) return;
    std::set<Lock> locks;
    for (const Step& step : path_) locks.insert(lock_of(*step.held));
    if (told_.count(locks) != 0 || !assign(0)) return;
    told_.insert(locks);
    found_.push_back(path_);
  }

  // A thread for each step, all of which can be there at once.
  bool assign(size_t index) {
    if (index == path_.size()) return true;
    for (const OrderWitness& witness : trace_.lock_orders[path_[index].order].witnesses) {
      const bool together =
          std::all_of(path_.begin(), path_.begin() + static_cast<std::ptrdiff_t>(index),
                      [&](const Step& other) { return at_once(*other.witness, witness); });
      path_[index].witness = &witness;
      if (together && assign(index + 1)) return true;
    }
    return false;
  }

  static uint64_t end_of(const OrderWitness& w) {
    return w.ended_ns == 0 ? ~uint64_t{0} : w.ended_ns;
  }

  bool at_once(const OrderWitness& a, const OrderWitness& b) const {
    if (a.task == b.task || end_of(a) <= b.created_ns || end_of(b) <= a.created_ns) return false;
    // What one did first after the other had ended it never did beside it, as far as is known.
    if (end_of(a) <= b.first_ns || end_of(b) <= a.first_ns) return false;
    return beside(a, b) && beside(b, a);
  }

  // Did the creator do it while the thread lived that it, or a thread of its making, had made?
  bool beside(const OrderWitness& creator, const OrderWitness& created) const {
    if (!may_descend(created.task, creator.task)) return true;
    const auto within = [&](uint64_t ns) {
      return ns > created.created_ns && ns < end_of(created);
    };
    return within(creator.first_ns) || within(creator.last_ns);
  }

  // Yes also where it is not known.
  bool may_descend(uint32_t task, uint32_t ancestor) const {
    constexpr int kDeepest = 1000;
    for (int i = 0; i < kDeepest; ++i) {
      if (task == ancestor) return true;
      const auto known = creators_.find(task);
      if (known == creators_.end()) return task != 1;
      if (known->second == 0) return task != 1;  // adopted: by whom is not known
      task = known->second;
      if (task == 1) return ancestor == 1;
    }
    return true;
  }

  const Trace& trace_;
  std::map<Lock, std::vector<Step>> from_;
  std::unordered_map<uint32_t, uint32_t> creators_;
  Lock first_;
  std::vector<Step> path_;
  size_t steps_ = 0;
  std::set<std::set<Lock>> told_;
  std::vector<std::vector<Step>> found_;
};

std::string lock_text(const Symbols& symbols, const OrderedLock& lock) {
  return object_text(symbols, held_sort_name(lock.sort), lock.address);
}

std::string short_name(const Symbols& symbols, const OrderedLock& lock) {
  const auto known = symbols.objects.find(lock.address);
  return known == symbols.objects.end() ? held_sort_name(lock.sort) : known->second;
}

std::string who(const Trace& trace, const OrderWitness& witness) {
  for (const Thread& thread : trace.threads)
    if (thread.id == witness.task) return thread_text(thread);
  return "thread " + std::to_string(witness.task) +
         (witness.ended_ns != 0 ? " (it has ended)" : "");
}

// May the address have been another lock's in between? Only globals are there all the time.
bool maybe_recycled(const Symbols& symbols, const OrderedLock& lock) {
  return lock.birth == 0 && symbols.objects.count(lock.address) == 0;
}

Finding finding_of(const Trace& trace, const Symbols& symbols, const std::vector<Step>& cycle) {
  Finding finding;
  finding.rule = Rule::lock_order;
  finding.evidence = Evidence::suspected;
  finding.count = cycle.size();
  std::string names;
  bool recycled = false;
  for (const Step& step : cycle) {
    names += (names.empty() ? "" : ", ") + short_name(symbols, *step.held);
    recycled = recycled || maybe_recycled(symbols, *step.held);
    const LockOrder& order = trace.lock_orders[step.order];
    const std::string where = where_text(trace, symbols, order.stack);
    finding.because.push_back(
        who(trace, *step.witness) + " took " + lock_text(symbols, *step.taken) + " while it held " +
        lock_text(symbols, *step.held) + (where.empty() ? "" : ", in " + where));
    FindingTask task;
    task.id = step.witness->task;
    task.state = TaskState::unknown;
    for (const Thread& thread : trace.threads)
      if (thread.id == task.id) {
        task.name = thread.name;
        task.tid = thread.tid;
        task.main = thread.main;
        task.state = thread.state;
        task.created_at = thread.created_at;
        add_labels(finding, task, trace, thread.labels);
      }
    task.blocked_at = order.stack;
    finding.tasks.push_back(std::move(task));
  }
  finding.title = std::to_string(cycle.size()) + " threads took locks in " +
                  (cycle.size() == 2 ? "opposite orders" : "orders that close a cycle") + " (" +
                  names + "): at the same time they would wait for ever";
  finding.because.push_back(
      "no lock is held at all of these places, and none of the threads was over before another "
      "began");
  if (recycled)
    finding.because.push_back(
        "doubt: a lock without a name and a known initialization may be two that lived at one "
        "address");
  finding.wait_object = {held_sort_name(cycle.front().held->sort), cycle.front().held->address, "",
                         ""};
  finding.blocked_at = trace.lock_orders[cycle.front().order].stack;
  return finding;
}

}  // namespace

std::vector<Finding> find_lock_orders(const Trace& trace, const Symbols& symbols,
                                      const std::vector<uint64_t>& in_deadlock) {
  std::map<std::vector<std::string>, Finding> by_places;
  for (const std::vector<Step>& cycle : Search(trace).cycles()) {
    const bool told = std::any_of(cycle.begin(), cycle.end(), [&](const Step& step) {
      return std::find(in_deadlock.begin(), in_deadlock.end(), step.held->address) !=
             in_deadlock.end();
    });
    if (told) continue;
    // Many locks taken at the same places are one story.
    std::vector<std::string> places;
    for (const Step& step : cycle)
      places.push_back(where_text(trace, symbols, trace.lock_orders[step.order].stack));
    std::sort(places.begin(), places.end());
    by_places.try_emplace(std::move(places), finding_of(trace, symbols, cycle));
  }
  std::vector<Finding> findings;
  for (auto& [places, finding] : by_places) findings.push_back(std::move(finding));
  return findings;
}

void keep_suspect_orders(Trace& trace) {
  std::set<size_t> suspect;
  for (const std::vector<Step>& cycle : Search(trace).cycles())
    for (const Step& step : cycle) suspect.insert(step.order);
  std::vector<LockOrder> kept;
  for (const size_t i : suspect) kept.push_back(trace.lock_orders[i]);
  trace.lock_orders = std::move(kept);
  trace.contention.clear();
}

}  // namespace track::analyze
