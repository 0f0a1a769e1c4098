#include "cli/serve/markup.h"

#include <doctest/doctest.h>

#include "cli/serve/metrics.h"

namespace track::serve {
namespace {

TEST_CASE("names from a target mean nothing in a page") {
  CHECK(escaped_html("<script>\"a\"&'b'") == "&lt;script&gt;&quot;a&quot;&amp;&#39;b&#39;");
}

TEST_CASE("label values: escaped, and always UTF-8") {
  CHECK(escaped_label("a\\b\"c\nd") == "a\\\\b\\\"c\\nd");
  CHECK(escaped_label("gr\xc3\xbc\xc3\x9f") == "gr\xc3\xbc\xc3\x9f");
  const std::string bad = "\xef\xbf\xbd";
  CHECK(escaped_label("a\xff") == "a" + bad);
  CHECK(escaped_label("\xc3") == bad);
  CHECK(escaped_label("\xc0\x80") == bad + bad);
  CHECK(escaped_label("\xed\xa0\x80") == bad + bad + bad);
  CHECK(escaped_label("\xf0\x9f\x98\x80") == "\xf0\x9f\x98\x80");
  CHECK(escaped_label("\xf4\x90\x80\x80") == bad + bad + bad + bad);
}

TEST_CASE("a family of metrics stands together, with one head") {
  MetricText text;
  text.add("a_total", "counter", "One.", {{"x", "1"}}, 3);
  text.add("b", "gauge", "Two.", {}, 0.5);
  text.add("a_total", "counter", "One.", {{"x", "2\""}, {"y", ""}}, 4);
  CHECK(text.take() ==
        "# HELP a_total One.\n# TYPE a_total counter\na_total{x=\"1\"} 3\n"
        "a_total{x=\"2\\\"\",y=\"\"} 4\n# HELP b Two.\n# TYPE b gauge\nb 0.5\n");
}

}  // namespace
}  // namespace track::serve
