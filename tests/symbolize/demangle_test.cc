#include "cli/symbolize/demangle.h"

#include <doctest/doctest.h>

#include <string>

using track::symbolize::demangle;

TEST_CASE("C++ names become readable and keep their template arguments") {
  CHECK(demangle("_ZN3app3topEi") == "app::top(int)");
  CHECK(demangle("_ZN4shop4TillIiE4ringEi") == "shop::Till<int>::ring(int)");
  CHECK(demangle("_ZN12_GLOBAL__N_16hiddenEv") == "(anonymous namespace)::hidden()");
}

TEST_CASE("C names and names of other languages stay") {
  CHECK(demangle("pthread_mutex_lock") == "pthread_mutex_lock");
  CHECK(demangle("main.run") == "main.run");
  CHECK(demangle("") == "");
  CHECK(demangle(".") == ".");
}

TEST_CASE("a name that only looks mangled stays") {
  CHECK(demangle("_Znonsense") == "_Znonsense");
  CHECK(demangle("_Z") == "_Z");
}

TEST_CASE("compiler clones read as the function they were made from") {
  CHECK(demangle("_ZN3app3topEi.cold") == "app::top(int)");
  CHECK(demangle("_ZN3app3topEi.constprop.0.isra.12") == "app::top(int)");
  CHECK(demangle("worker.part.0") == "worker");
  CHECK(demangle("worker.lto_priv.3.cold") == "worker");
}

TEST_CASE("the parts of a coroutine read as the coroutine function") {
  CHECK(demangle("_ZN3app3topEi.resume") == "app::top(int)");
  CHECK(demangle("_ZN3app3topEi.cleanup") == "app::top(int)");
  CHECK(demangle("_ZN3app3topEPZNS_3topEiE19_ZN3app3topEi.Frame.actor") == "app::top(int)");
  CHECK(demangle("_ZN3app3topEPZNS_3topEiE19_ZN3app3topEi.Frame.actor.cold") == "app::top(int)");
}

TEST_CASE("a name longer than anyone reads is left alone") {
  const std::string huge = "_Z" + std::string(100000, '1');
  CHECK(demangle(huge) == huge);
}
