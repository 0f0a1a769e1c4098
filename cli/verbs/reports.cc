#include "cli/verbs/reports.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>

#include "cli/model/error.h"
#include "cli/verbs/verbs.h"
#include "cli/verbs/view.h"
#include "cli/write/github.h"
#include "cli/write/gitlab.h"
#include "cli/write/html.h"
#include "cli/write/json.h"
#include "cli/write/junit.h"
#include "cli/write/markdown.h"
#include "cli/write/sarif.h"
#include "cli/write/source_root.h"

namespace track::verbs {
namespace {

using Writer = std::string (*)(const Report&, const write::SourceRoot&);

struct ReportFile {
  const char* flag;
  std::string path;
  Writer write;
};

// Those that are asked for.
std::vector<ReportFile> files_of(const OutputSettings& output) {
  std::vector<ReportFile> files = {
      {"--json", output.json,
       [](const Report& report, const write::SourceRoot&) { return write::json_report(report); }},
      {"--junit", output.reports.junit, write::junit_report},
      {"--sarif", output.reports.sarif, write::sarif_report},
      {"--gitlab", output.reports.gitlab, write::gitlab_report},
      {"--markdown", output.reports.markdown,
       [](const Report& report, const write::SourceRoot& root) {
         return write::markdown_report(report, root);
       }}};
  std::erase_if(files, [](const ReportFile& file) { return file.path.empty(); });
  return files;
}

write::SourceRoot source_root(const ReportSettings& settings) {
  std::error_code error;
  const std::filesystem::path here = std::filesystem::current_path(error);
  return write::SourceRoot((here / settings.source_root).string());
}

// What another name for the same file has in common with it.
std::string identity(const std::string& path) {
  if (path == "-") return path;
  std::error_code error;
  const std::filesystem::path whole =
      std::filesystem::weakly_canonical(std::filesystem::absolute(path), error);
  return error ? path : whole.string();
}

// Beside the first of the others, and by its name.
std::string page_path(const OutputSettings& output) {
  const std::vector<ReportFile> files = files_of(output);
  const auto named = std::find_if(files.begin(), files.end(),
                                  [](const ReportFile& file) { return file.path != "-"; });
  if (named == files.end()) return "track-report.html";
  std::filesystem::path path = named->path;
  path.replace_extension(".html");
  const bool taken = std::any_of(files.begin(), files.end(), [&](const ReportFile& file) {
    return identity(file.path) == identity(path.string());
  });
  return taken ? path.replace_filename("track-report.html").string() : path.string();
}

// What GitHub shows on the page of a run; more than 1 MiB of a step would not be shown at all.
void append_summary(const std::string& path, const Report& report, const write::SourceRoot& root) {
  const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  struct stat status {};
  bool good = fd >= 0 && fstat(fd, &status) == 0;
  if (good) {
    const auto taken = static_cast<size_t>(status.st_size);
    const size_t room = write::kMostMarkdown > taken ? write::kMostMarkdown - taken : 0;
    const std::string text = write::markdown_report(report, root, room) + "\n";
    size_t done = 0;
    while (good && done < text.size()) {
      const ssize_t n = ::write(fd, text.data() + done, text.size() - done);
      if (n < 0 && errno == EINTR) continue;
      good = n > 0;
      if (good) done += static_cast<size_t>(n);
    }
  }
  const int error = errno;
  if (fd >= 0) close(fd);
  if (!good)
    throw Error("cannot append to the step summary " + path +
                " (GITHUB_STEP_SUMMARY): " + std::strerror(error));
}

void tell_github(const Report& report, const write::SourceRoot& root) {
  // A command is one only at the start of a line, which the program may have left open.
  const std::string text = write::github_annotations(report, root);
  if (!text.empty()) print("\n" + text);
  const char* summary = std::getenv("GITHUB_STEP_SUMMARY");
  if (summary != nullptr && *summary != 0) append_summary(summary, report, root);
}

bool set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != 0;
}

// Only for somebody who sits there; who has no xdg-open opens the page by its name.
void open_browser(const std::string& path) {
  if (isatty(STDOUT_FILENO) == 0 || (!set("DISPLAY") && !set("WAYLAND_DISPLAY"))) return;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
  std::string command = "xdg-open", file = std::filesystem::absolute(path).string();
  char* const words[] = {command.data(), file.data(), nullptr};
  pid_t pid = 0;
  (void)posix_spawnp(&pid, command.c_str(), &actions, nullptr, words, environ);
  posix_spawn_file_actions_destroy(&actions);
}

void write_page(const std::string& page, const OutputSettings& output) {
  const std::string path = page_path(output);
  write::write_file(path, page);
  std::fprintf(stderr, "track: %s: open it in a browser, it needs no network\n", path.c_str());
  open_browser(path);
}

}  // namespace

void add_report_flags(CLI::App& verb, ReportSettings& settings) {
  verb.add_option("--junit", settings.junit, "write JUnit XML to this file (- = standard output)");
  verb.add_option("--sarif", settings.sarif,
                  "write SARIF 2.1.0 to this file (- = standard output)");
  verb.add_option("--gitlab", settings.gitlab,
                  "write GitLab's Code Quality JSON to this file (- = standard output)");
  verb.add_option("--markdown", settings.markdown,
                  "write Markdown to this file (- = standard output)");
  verb.add_flag("--github", settings.github,
                "annotations of GitHub Actions on standard output, and a step summary");
  verb.add_flag("--open-report", settings.page,
                "write one HTML page, as track html, beside the first report");
  verb.add_option("--source-root", settings.source_root,
                  "in these reports paths are relative to this directory (default: the current)")
      ->check(CLI::ExistingDirectory);
}

void require_reports(const OutputSettings& output) {
  std::map<std::string, const char*> taken;
  if (output.reports.github) taken["-"] = "--github";
  for (const ReportFile& file : files_of(output)) {
    const auto [other, first] = taken.emplace(identity(file.path), file.flag);
    if (!first)
      throw Error(std::string(other->second) + " and " + file.flag + " both write to " +
                  (file.path == "-" ? "standard output" : file.path) + "; name two files");
    write::require_writable(file.path);
  }
  if (output.reports.page) write::require_writable(page_path(output));
}

bool uses_stdout(const OutputSettings& output) {
  const std::vector<ReportFile> files = files_of(output);
  return std::any_of(files.begin(), files.end(),
                     [](const ReportFile& file) { return file.path == "-"; });
}

std::string report_page(const std::vector<Loaded>& processes, const JudgeSettings& judge,
                        const ReportSettings& settings) {
  if (!settings.page) return {};
  ViewSettings view_settings;
  view_settings.judge = judge;
  const View view = make_view(processes, {}, view_settings);
  return write::html_page(view.bundle, view.report);
}

void write_reports(const Report& report, const std::string& page, const OutputSettings& output) {
  const write::SourceRoot root = source_root(output.reports);
  std::string failed;
  bool reader_gone = false;
  const auto attempt = [&](const std::function<void()>& write) {
    try {
      write();
    } catch (const ReaderGone&) {
      reader_gone = true;
    } catch (const Error& error) {
      failed += (failed.empty() ? "" : "; ") + std::string(error.what());
    }
  };
  for (const ReportFile& file : files_of(output))
    attempt([&] { write::write_file(file.path, file.write(report, root)); });
  if (output.reports.github) attempt([&] { tell_github(report, root); });
  if (!page.empty()) attempt([&] { write_page(page, output); });
  if (!failed.empty()) throw Error(failed);
  if (reader_gone) throw ReaderGone();
}

}  // namespace track::verbs
