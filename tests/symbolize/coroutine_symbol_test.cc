#include "cli/symbolize/coroutine_symbol.h"

#include <doctest/doctest.h>

#include <string>

using track::symbolize::coroutine_symbol;
using track::symbolize::CoroutineSymbol;

TEST_CASE("clang's resume, destroy and cleanup name the ramp before the dot") {
  const auto resume = coroutine_symbol("_ZN3app3topEi.resume");
  REQUIRE(resume);
  CHECK(resume->role == CoroutineSymbol::resume);
  CHECK(resume->ramp_linkage_name == "_ZN3app3topEi");
  CHECK(resume->ramp == "app::top(int)");
  CHECK(coroutine_symbol("_ZN3app3topEi.destroy")->role == CoroutineSymbol::destroy);
  CHECK(coroutine_symbol("_ZN3app3topEi.cleanup")->role == CoroutineSymbol::destroy);
}

TEST_CASE("GCC's actor and destroy hold the ramp's name behind its length") {
  const auto actor = coroutine_symbol("_ZN3app3topEPZNS_3topEiE19_ZN3app3topEi.Frame.actor");
  REQUIRE(actor);
  CHECK(actor->role == CoroutineSymbol::resume);
  CHECK(actor->ramp_linkage_name == "_ZN3app3topEi");
  CHECK(actor->ramp == "app::top(int)");
  const auto destroy = coroutine_symbol("_ZN3app3topEPZNS_3topEiE19_ZN3app3topEi.Frame.destroy");
  REQUIRE(destroy);
  CHECK(destroy->role == CoroutineSymbol::destroy);
  const auto newer = coroutine_symbol("_ZN3app3topEi.actor");
  REQUIRE(newer);
  CHECK(newer->ramp == "app::top(int)");
}

TEST_CASE("digits within names are not taken for the length of a ramp") {
  const std::string ramp = "_Z7cleanupNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE";
  const std::string frame = "_Z7cleanupPZ" + ramp.substr(2) + "E68" + ramp + ".Frame";
  for (const char* part : {".actor", ".destroy"}) {
    const auto symbol = coroutine_symbol(frame + part);
    REQUIRE(symbol);
    CHECK(symbol->ramp_linkage_name == ramp);
  }
}

TEST_CASE("suffixes of link-time and hot/cold splitting do not hide a coroutine") {
  CHECK(coroutine_symbol("_Z1fPZ1fvE11_Z1fv.Frame.actor.lto_priv.0")->ramp == "f()");
  CHECK(coroutine_symbol("_Z1fv.resume.cold")->ramp == "f()");
}

TEST_CASE("ordinary names are not coroutines") {
  CHECK_FALSE(coroutine_symbol("resume"));
  CHECK_FALSE(coroutine_symbol(".resume"));
  CHECK_FALSE(coroutine_symbol("_ZN3app6resumeEv"));
  CHECK_FALSE(coroutine_symbol("_Z1fv.resumed"));
  CHECK_FALSE(coroutine_symbol("net/http.(*Server).destroy"));
  CHECK_FALSE(coroutine_symbol("_Z1fv.Frame.actor"));  // no length: not GCC's frame
  CHECK_FALSE(coroutine_symbol(""));
}
