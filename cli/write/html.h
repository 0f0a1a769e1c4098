// One HTML file that holds everything: the findings as a plain table, which stays readable where
// scripts are blocked, the viewer, and the bundle it shows.
#pragma once

#include <string>
#include <string_view>

#include "cli/model/report.h"
#include "cli/write/bundle.h"

namespace track::write {

// viewer/dist/viewer.html as it was when this was built.
std::string_view viewer_page();

// With what stands in place of each of its two marks.
std::string filled_page(std::string_view page, const std::string& fixed,
                        const std::string& sections);

// The findings of the report as an HTML table.
std::string html_findings(const Report& report);

std::string html_page(const Bundle& bundle, const Report& report);

}  // namespace track::write
