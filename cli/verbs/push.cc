// `track push`: profiles of one process to a server that keeps those of a fleet.
// Built into the library of cli/push/, which is above the other verbs.
#include "cli/push/push.h"

#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <thread>

#include "cli/model/error.h"
#include "cli/model/words.h"
#include "cli/process/proc.h"
#include "cli/push/outbox.h"
#include "cli/push/source.h"
#include "cli/serve/targets.h"
#include "cli/verbs/verbs.h"

namespace track::verbs {
namespace {

using PushClock = push::Outbox::Clock;

constexpr int kAttemptsOnce = 3;
// However short the interval, looking takes at most one part in so many of a processor.
constexpr int kShare = 4;
constexpr uint64_t kSecondNs = 1'000'000'000;

struct PushSettings {
  serve::WhatToServe what;
  std::string url, protocol, profiles, interval = "15s", timeout = "10s", retry = "1s";
  std::string bearer_file, basic_file, tenant, ca_file, spool;
  std::vector<std::string> labels;
  std::string spool_size = "64MiB";
  bool once = false;
};

uint64_t bytes_of(const std::string& text) {
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  const std::string unit(read.ptr, end);
  const std::pair<const char*, int> units[] = {{"", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}};
  for (const auto& [name, shift] : units)
    if (read.ec == std::errc() && unit == name && number != 0 && number < (1u << 20))
      return number << shift;
  throw Error("--spool-size: `" + text + "` is no size; write 500KiB, 64MiB or 1GiB");
}

void say_push(const std::string& text) {
  std::fprintf(stderr, "track push: %s\n", text.c_str());
}

// SIGINT and SIGTERM end it: what is being sent is kept. It takes a few seconds at most, and the
// second one none.
class PushEnd {
 public:
  PushEnd(serve::Stop& stop, push::Sender& sender) : stop_(stop), sender_(sender) {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
    waiting_ = std::thread([this] { wait(); });
  }
  ~PushEnd() {
    done_ = true;
    pthread_kill(waiting_.native_handle(), SIGTERM);
    waiting_.join();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  PushEnd(const PushEnd&) = delete;
  PushEnd& operator=(const PushEnd&) = delete;

 private:
  void wait() {
    int signal = 0;
    sigwait(&signals_, &signal);
    if (done_) return;
    stop_.set();
    // A request that begins just now is ended, too.
    const timespec pause{0, 100'000'000};
    for (int i = 0; i < 50; ++i) {
      sender_.stop();
      if (sigtimedwait(&signals_, nullptr, &pause) > 0) break;
    }
    if (done_) return;
    std::fflush(stdout);
    _exit(128 + signal);
  }

  serve::Stop& stop_;
  push::Sender& sender_;
  sigset_t signals_{}, before_{};
  std::atomic<bool> done_{false};
  std::thread waiting_;
};

std::shared_ptr<serve::Served> push_target(const serve::WhatToServe& what) {
  std::error_code error;
  if (std::filesystem::is_directory(what.target, error))
    throw Error(what.target + " is a directory; name one process or recording");
  return serve::Targets(what).find("");
}

// Nothing is sent twice of what does not change: it is as with --once.
bool push_once(push::Source& source, push::Outbox& outbox, const push::Labels& labels,
               const serve::Stop& stop) {
  for (const push::Parcel& parcel : source.round(labels, true)) outbox.add(parcel);
  for (int i = 1; i < kAttemptsOnce && outbox.away(); ++i) {
    const auto time = outbox.next() - PushClock::now();
    if (time > std::chrono::minutes(1) || (time.count() > 0 && stop.wait_for(time))) break;
    outbox.work();
  }
  return !outbox.away() && outbox.counts().refused == 0;
}

void push_again_and_again(push::Source& source, push::Outbox& outbox, const push::Labels& labels,
                          const serve::Stop& stop, const serve::TargetName& name,
                          std::chrono::nanoseconds interval) {
  auto round_at = PushClock::now();
  bool slow = false;
  while (!stop.is_set()) {
    if (PushClock::now() >= round_at) {
      const auto before = serve::processor_time();
      try {
        for (const push::Parcel& parcel : source.round(labels, false)) outbox.add(parcel);
      } catch (const Error& error) {
        const bool gone = name.pid == 0 || !process::exists(name.pid);
        say_push(gone ? name.target + " is gone: " + error.what() : std::string(error.what()));
        if (gone) return outbox.work();
      }
      const std::chrono::nanoseconds rest = kShare * (serve::processor_time() - before);
      if (rest > interval && !slow)
        say_push("looking takes long here: a round about every " +
                 duration_text(static_cast<uint64_t>(rest.count())) + ", not every " +
                 duration_text(static_cast<uint64_t>(interval.count())));
      slow = slow || rest > interval;
      // Late is no reason for two in a row.
      round_at = std::max(round_at + std::chrono::duration_cast<PushClock::duration>(interval),
                          PushClock::now() + std::chrono::duration_cast<PushClock::duration>(rest));
    }
    outbox.work();
    const auto until = std::min(round_at, outbox.next());
    const auto time = until - PushClock::now();
    if (time.count() > 0 && stop.wait_for(time)) break;
  }
}

int push_verb(const PushSettings& settings) {
  const push::Endpoint endpoint = push::parse_endpoint(settings.url, settings.protocol);
  const push::Secrets secrets =
      push::collect_secrets(settings.bearer_file, settings.basic_file, settings.tenant);
  const std::chrono::nanoseconds interval(
      parse_duration_ns(settings.interval, "--interval", kSecondNs)),
      timeout(parse_duration_ns(settings.timeout, "--timeout", kSecondNs)),
      retry(parse_duration_ns(settings.retry, "--retry", kSecondNs));
  if (interval < std::chrono::milliseconds(100)) throw Error("--interval: 100ms is the shortest");
  if (timeout < std::chrono::milliseconds(10)) throw Error("--timeout: 10ms is the shortest");
  if (retry < std::chrono::milliseconds(10)) throw Error("--retry: 10ms is the shortest");
  const auto served = push_target(settings.what);
  serve::Target& target = served->target;
  const push::Labels labels = push::collect_labels(settings.labels, target.name().program);
  push::Spool spool(
      settings.spool.empty() ? push::default_spool(settings.url, settings.tenant) : settings.spool,
      bytes_of(settings.spool_size));
  push::Sender sender(endpoint, secrets, timeout, settings.ca_file);
  if (!endpoint.secure && !endpoint.loopback && !secrets.words.empty())
    say_push("warning: the password or token goes over plain http, which others may read");
  push::Source source(target, settings.profiles);
  std::signal(SIGPIPE, SIG_IGN);
  serve::Stop stop;
  const PushEnd end(stop, sender);
  push::Outbox outbox(sender, spool, retry, stop, say_push);
  const bool once = settings.once || !target.name().live;
  bool good = true;
  if (!once) {
    print(fmt::format("{} of {} to {}{} every {}; Ctrl-C ends it\n", source.names(),
                      target.name().target, endpoint.origin, endpoint.path,
                      duration_text(static_cast<uint64_t>(interval.count()))));
    push_again_and_again(source, outbox, labels, stop, target.name(), interval);
  } else {
    outbox.work();
    good = push_once(source, outbox, labels, stop);
  }
  const push::Counts& counts = outbox.counts();
  std::string text = "sent " + count_text(counts.sent, "profile");
  if (const size_t kept = spool.size(); kept != 0)
    text += ", " + grouped(kept) + " kept on disk for the next time";
  if (counts.lost != 0) text += ", " + grouped(counts.lost) + " lost (no room to keep them)";
  if (counts.refused != 0) text += ", " + grouped(counts.refused) + " refused";
  if (spool.dropped() != 0)
    text += ", " + grouped(spool.dropped()) + " dropped (the spool was full)";
  if (spool.damaged() != 0) text += ", " + grouped(spool.damaged()) + " damaged";
  print(text + "\n");
  return good ? kClean : kToolError;
}

}  // namespace

void add_push(CLI::App& app, int& exit_code) {
  auto settings = std::make_shared<PushSettings>();
  CLI::App* verb = app.add_subcommand(
      "push", "profiles to Pyroscope, Parca or what takes theirs, as time goes on");
  verb->add_option("TARGET", settings->what.target,
                   "PID (prepared or not), recording, dump or core file")
      ->required();
  verb->add_option("--to", settings->url, "http://HOST:PORT or https://HOST, and a path if need be")
      ->required();
  verb->add_option("--protocol", settings->protocol,
                   "push (default: /push.v1.PusherService/Push), ingest (/ingest) or parca "
                   "(/profiles/writeraw)")
      ->check(CLI::IsMember({"push", "ingest", "parca"}));
  verb->add_option(
      "--profiles", settings->profiles,
      "which, as of `track profile` (default: tasks,leaks,heap,contention,block,cpu as "
      "far as they are recorded)");
  verb->add_option("--interval", settings->interval, "time between two rounds (default 15s)");
  verb->add_flag("--once", settings->once, "one round, with what sums up since the process began");
  verb->add_option("--label", settings->labels,
                   "NAME=VALUE; also in TRACK_LABELS, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES")
      ->allow_extra_args(false);
  verb->add_option("--tenant", settings->tenant, "X-Scope-OrgID");
  verb->add_option("--bearer-file", settings->bearer_file,
                   "file with a token (or TRACK_PUSH_BEARER in the environment)");
  verb->add_option("--basic-file", settings->basic_file,
                   "file with user:password (or TRACK_PUSH_BASIC in the environment)");
  verb->add_option("--ca-file", settings->ca_file, "certificates to trust, for https");
  verb->add_option("--timeout", settings->timeout, "for an answer (default 10s)");
  verb->add_option("--retry", settings->retry,
                   "first wait when it is away, doubled up to 5min (default 1s)");
  verb->add_option(
      "--spool", settings->spool,
      "directory for what could not be sent (default below ~/.local/state/track/push)");
  verb->add_option("--spool-size", settings->spool_size, "of it at most (default 64MiB)");
  verb->add_option("--suppressions", settings->what.judge.suppressions,
                   "file of findings to leave out");
  add_symbol_flags(*verb, settings->what.symbols);
  verb->callback([settings, &exit_code] { exit_code = push_verb(*settings); });
}

}  // namespace track::verbs
