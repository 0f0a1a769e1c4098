// What `track attach` and `track detach` call inside a running process. Both run in a thread that
// was made for them, is not recorded and ends afterwards; they allocate nothing of the target's.
#include "libtrack/wire/attach.h"

#include <dlfcn.h>
#include <link.h>
#include <sys/auxv.h>

#include <atomic>

#include "libtrack/capture/locks.h"
#include "libtrack/capture/real.h"
#include "libtrack/control/attach.h"
#include "libtrack/control/binding.h"
#include "libtrack/control/exit.h"
#include "libtrack/control/fork.h"
#include "libtrack/control/init.h"
#include "libtrack/core/cpu_sampler.h"
#include "libtrack/core/found_threads.h"
#include "libtrack/core/modules.h"
#include "libtrack/core/recording.h"
#include "libtrack/core/recording_copy.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/text.h"
#include "libtrack/core/thread_state.h"

namespace track::control {
namespace {

using core::recording;
using wire::AttachRequest;
using wire::AttachResult;

// A word to wait on.
constexpr uint32_t kIdle = 0, kWorking = 1, kBrokenOff = 2;
std::atomic<uint32_t> at_work{kIdle};
bool attached_before = false;

// TRACK_OPTIONS and XDG_RUNTIME_DIR as a program's environment has them.
class Environment {
 public:
  explicit Environment(const AttachRequest& request) {
    if (request.options[0] != 0)
      add(core::Text(options_, sizeof options_), "TRACK_OPTIONS=", request.options, options_);
    if (request.runtime_dir[0] != 0)
      add(core::Text(directory_, sizeof directory_), "XDG_RUNTIME_DIR=", request.runtime_dir,
          directory_);
  }
  const char* const* list() const { return entries_; }

 private:
  void add(core::Text text, const char* key, const char* value, const char* entry) {
    text.add(key).add(value);
    entries_[count_++] = entry;
  }
  char options_[1100], directory_[600];
  const char* entries_[3] = {};
  int count_ = 0;
};

void tell(AttachRequest& request, const Bound& bound) {
  request.bound = bound.references;
  request.left_alone = bound.left_alone;
  request.modules = bound.modules;
  core::Text(request.text, sizeof request.text).add(bound.left_names);
}

void now_record(AttachRequest& request) {
  capture::start_locks(capture::real);
  core::wiped_in_children.on.store(core::options.record, std::memory_order_release);
  tell(request, bind_references());
  core::start_cpu_sampling_late(request.blocked_signals);
}

// Loaded from a file in memory, it bears the name of a descriptor, by which others would find
// another file later, or wait for one: who walks the loader's list to name addresses opens what it
// finds there.
void take_own_name() {
  static constexpr char kDescriptors[] = "/proc/thread-self/", kName[] = "/memfd:track/libtrack.so";
  dl_find_object own;
  if (_dl_find_object(&at_work, &own) != 0) return;
  char* name = own.dlfo_link_map->l_name;  // of the loader's heap
  if (core::starts_with(name, kDescriptors) && core::length(name) >= sizeof kName - 1)
    core::copy_bytes(name, kName, sizeof kName);
}

AttachResult attach_first(AttachRequest& request) {
  take_own_name();
  if (getauxval(AT_SECURE) != 0) return AttachResult::privileged;
  const Environment environment(request);
  if (!start(environment.list(), Origin::attached)) {
    core::Text(request.text, sizeof request.text).add(core::options.dir.value);
    return AttachResult::no_recording;
  }
  attached_before = true;
  request.threads = core::start_threads_late();
  now_record(request);
  return AttachResult::done;
}

// Where it was detached from.
AttachResult attach_again(AttachRequest& request) {
  if (!core::equal(core::given_options(), request.options)) {
    core::Text(request.text, sizeof request.text).add(core::given_options());
    return AttachResult::other_options;
  }
  wire::Header& header = *recording.header;
  header.start_realtime_ns = sys::realtime_ns();
  header.start_ticks = sys::ticks();
  header.start_monotonic_ns = sys::monotonic_ns();
  header.later_ticks.store(header.start_ticks, std::memory_order_relaxed);
  header.later_monotonic_ns.store(header.start_monotonic_ns, std::memory_order_relaxed);
  request.threads = core::find_threads_again();
  core::publish_forked_recording(request.runtime_dir[0] != 0 ? request.runtime_dir : nullptr);
  core::wiped_in_children.ours.store(true, std::memory_order_relaxed);
  core::modules_closed();  // some may have gone meanwhile
  now_record(request);
  return AttachResult::done;
}

AttachResult attach(AttachRequest& request) {
  if (core::recording_is_ours()) return AttachResult::recorded_already;
  // From here on the end of the process waits for us.
  if (is_over()) return AttachResult::ending;
  return attached_before ? attach_again(request) : attach_first(request);
}

AttachResult detach(AttachRequest& request) {
  if (!core::recording_is_ours()) return AttachResult::not_attached;
  if (!attached_before) return AttachResult::preloaded;
  core::recording_is_on.store(false, std::memory_order_release);
  core::stop_cpu_sampling(wire::CpuState::off);
  core::let_locks_go_unseen();
  tell(request, unbind_references());
  core::this_thread.gone = true;
  if (!core::let_go_of_recording()) {
    now_record(request);
    return AttachResult::no_recording;
  }
  core::wiped_in_children.ours.store(false, std::memory_order_relaxed);
  forget_the_past(false);
  return AttachResult::done;
}

using Work = AttachResult (*)(AttachRequest&);

void do_work(AttachRequest* request, Work work) {
  if (request->version != wire::kAttachVersion) {
    request->result = AttachResult::foreign_version;
    return;
  }
  // One that was broken off in the middle leaves it so: then nothing more is tried.
  uint32_t idle = kIdle;
  if (!at_work.compare_exchange_strong(idle, kWorking)) {
    request->result = AttachResult::recorded_already;
    return;
  }
  core::list_threads(reinterpret_cast<const int32_t*>(request->thread_numbers));
  request->result = work(*request);
  core::list_threads(nullptr);
  at_work.store(kIdle);
  sys::futex_wake(&at_work);
}

}  // namespace

bool attach_at_work() {
  return at_work.load(std::memory_order_acquire) != kIdle;
}

void break_off_attach() {
  at_work.store(kBrokenOff);
}

void await_attach() {
  constexpr uint64_t kLimit_ns = 200000000;
  const uint64_t deadline = sys::monotonic_ns() + kLimit_ns;
  if (sys::filtered.load(std::memory_order_relaxed)) return;  // no way to wait
  while (at_work.load(std::memory_order_seq_cst) == kWorking) {
    const uint64_t now = sys::monotonic_ns();
    if (now >= deadline) return;
    sys::futex_wait(&at_work, kWorking, deadline - now);
  }
}

}  // namespace track::control

#define TRACK_API extern "C" __attribute__((visibility("default")))

TRACK_API void track_attach(track::wire::AttachRequest* request) {
  track::control::do_work(request, &track::control::attach);
}
TRACK_API void track_detach(track::wire::AttachRequest* request) {
  track::control::do_work(request, &track::control::detach);
}
