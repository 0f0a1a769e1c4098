// `track serve`: the viewer, live; profiles as Go's and gperftools' servers have them; metrics.
// Built into the library of cli/serve/, which is above the other verbs.
#include "cli/serve/serve.h"

#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <thread>

#include "cli/model/error.h"
#include "cli/model/words.h"
#include "cli/serve/http.h"
#include "cli/serve/site.h"
#include "cli/verbs/interrupt.h"
#include "cli/verbs/verbs.h"

namespace track::verbs {
namespace {

constexpr std::chrono::seconds kGrace{2}, kTidy{30};
constexpr int kNice = 10;

struct ServeSettings {
  std::string listen = "127.0.0.1";
  serve::WhatToServe what;
};

// Threads made meanwhile leave the signals that end the server to the one that waits for them.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  }
  int wait() const {
    int signal = 0;
    sigwait(&signals_, &signal);
    return signal;
  }
  void give_back() const { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t signals_{}, before_{};
};

void say(const serve::Site& site, const serve::Targets& targets,
         const serve::ListenAddress& listen) {
  const std::string place = "http://" + listen.authority(listen.port);
  std::string text = "page      " + place + "/?token=" + site.token() + "\n";
  text += "profiles  go tool pprof " + place +
          (targets.many() ? "/t/ID/debug/pprof/tasks" : "/debug/pprof/tasks") + "\n";
  text += "metrics   " + place + "/metrics\n";
  if (!listen.loopback())
    text += "warning: " + listen.host +
            " is reached from other machines; profiles and metrics ask for no token there\n";
  if (std::getenv("SSH_CONNECTION") != nullptr)
    text += "from your own machine: ssh -L " + std::to_string(listen.port) + ":" +
            listen.authority(listen.port) + " HOST, then open the page there\n";
  print(text + "Ctrl-C ends it.\n");
  std::fflush(stdout);
}

void serve_until_told(const ServeSettings& settings) {
  if (settings.what.all == !settings.what.target.empty())
    throw Error(settings.what.all ? "--all is every recorded process; name no TARGET with it"
                                  : "name a TARGET, or --all for every recorded process");
  serve::ListenAddress listen = serve::parse_listen(settings.listen);
  const std::atomic<bool>& ended = interrupted();
  const BlockedSignals signals;
  // Where no processor is free what is served goes first.
  setpriority(PRIO_PROCESS, 0, std::max(kNice, getpriority(PRIO_PROCESS, 0)));
  std::signal(SIGPIPE, SIG_IGN);  // a client that hangs up is no reason to end
  serve::Stop stop;
  serve::Targets targets(settings.what);
  std::unique_ptr<serve::Site> site;
  serve::Http http(listen, [&](const serve::Request& request) { return site->answer(request); });
  listen.port = http.port();
  site = std::make_unique<serve::Site>(targets, listen, settings.what.control, stop);
  http.start();
  say(*site, targets, listen);
  std::thread janitor([&] {
    while (!stop.wait_for(kTidy)) {
      targets.forget_unused();
      malloc_trim(0);  // looks are large and seldom
    }
  });
  const int signal = signals.wait();
  // What looks at a process for a while hears of it as in any other verb; the second one kills.
  signals.give_back();
  if (!ended) std::raise(signal);
  stop.set();
  targets.wake();
  janitor.join();
  // A client that does not read, or a look that takes long, holds nobody up.
  std::promise<void> done;
  std::thread ender([&] {
    http.stop();
    done.set_value();
  });
  if (done.get_future().wait_for(kGrace) == std::future_status::ready) {
    ender.join();
    return;
  }
  std::fflush(stdout);
  _exit(kClean);
}

}  // namespace

void add_serve(CLI::App& app, int& exit_code) {
  auto settings = std::make_shared<ServeSettings>();
  CLI::App* verb = app.add_subcommand(
      "serve", "web viewer, profiles for pprof, metrics for Prometheus, on this machine");
  verb->add_option("TARGET", settings->what.target,
                   "PID (prepared or not), recording, directory of recordings, dump or core file");
  verb->add_flag("--all", settings->what.all, "every recorded process, as they come and go");
  verb->add_option("--listen", settings->listen,
                   "ADDR:PORT (default: 127.0.0.1 and a port that is free)");
  verb->add_flag("--control", settings->what.control,
                 "the page may have it judged now, and dumps written to this directory");
  verb->add_option("--suppressions", settings->what.judge.suppressions,
                   "file of findings to leave out");
  add_symbol_flags(*verb, settings->what.symbols);
  verb->callback([settings, &exit_code] {
    serve_until_told(*settings);
    exit_code = kClean;
  });
}

}  // namespace track::verbs
