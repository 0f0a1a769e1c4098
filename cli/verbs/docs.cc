// `track docs DIR`: man pages and the shells' completion, made of the very definitions that the
// command line is parsed by. For those who install track; not listed among the verbs.
#include "cli/verbs/docs.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <memory>

#include "cli/model/error.h"
#include "cli/verbs/settings.h"
#include "cli/write/json.h"

namespace track::verbs {
namespace {

std::vector<const CLI::App*> listed_verbs(const CLI::App& app) {
  std::vector<const CLI::App*> verbs;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    if (!verb->get_group().empty()) verbs.push_back(verb);
  return verbs;
}

// With a dash; those that stand by their place alone are named in the synopsis.
std::vector<const CLI::Option*> listed_options(const CLI::App& verb) {
  std::vector<const CLI::Option*> options;
  for (const CLI::Option* option : verb.get_options())
    if (option->nonpositional() && !option->get_group().empty()) options.push_back(option);
  return options;
}

bool takes_value(const CLI::Option& option) {
  return option.get_expected_max() != 0 && option.get_type_size_max() != 0;
}

// "-o,--output": each of them with its dashes.
std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
    text.replace(at, what.size(), with);
  return text;
}

// A dash that is to be copied, and what begins a line, mean something else to roff.
std::string roff(const std::string& text) {
  std::string result = replaced(replaced(text, "\\", "\\e"), "-", "\\-");
  if (!result.empty() && (result[0] == '.' || result[0] == '\'')) result = "\\&" + result;
  return replaced(result, "\n", "\n.br\n");
}

std::string positionals(const CLI::App& verb) {
  std::string text;
  for (const CLI::Option* option : verb.get_options())
    if (option->get_positional()) {
      const std::string name = option->get_name(true);
      const std::string dots = option->get_expected_max() > 1 ? "..." : "";
      text += option->get_required() ? " " + name + dots : " [" + name + dots + "]";
    }
  return text;
}

std::string man_head(const std::string& name, const std::string& what) {
  std::string upper = name;
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return ".TH " + roff(upper) + " 1 \"\" \"libtrack " TRACK_VERSION "\"\n.SH NAME\n" + roff(name) +
         " \\- " + roff(what) + "\n";
}

std::string man_of_verb(const CLI::App& verb) {
  std::string text = man_head("track-" + verb.get_name(), verb.get_description());
  text += ".SH SYNOPSIS\n.B track " + roff(verb.get_name()) + "\n[\\fIoptions\\fR]" +
          roff(positionals(verb)) + "\n.SH OPTIONS\n";
  for (const CLI::Option* option : verb.get_options())
    if (option->get_positional() && !option->nonpositional())
      text +=
          ".TP\n.I " + roff(option->get_name(true)) + "\n" + roff(option->get_description()) + "\n";
  for (const CLI::Option* option : listed_options(verb)) {
    std::string names;
    for (const std::string& name : names_of(*option)) names += (names.empty() ? "" : ", ") + name;
    text += ".TP\n.B " + roff(names);
    if (takes_value(*option)) text += " \\fI" + roff(option->get_type_name()) + "\\fR";
    text += "\n" + roff(option->get_description());
    if (!option->get_default_str().empty())
      text += " (default: " + roff(option->get_default_str()) + ")";
    text += "\n";
  }
  return text + ".SH SEE ALSO\n.BR track (1)\n";
}

std::string man_of_all(const CLI::App& app) {
  std::string text = man_head("track", "leaked threads and coroutines, deadlocks");
  text +=
      ".SH SYNOPSIS\n.B track\n.I verb\n[\\fIoptions\\fR] [\\fITARGET\\fR...]\n.SH DESCRIPTION\n" +
      roff(app.get_description()) +
      "\n.PP\nA TARGET is a PID, a dump, a recording (file or directory), or a core file.\n"
      ".SH VERBS\n";
  for (const CLI::App* verb : listed_verbs(app))
    text += ".TP\n.BR track\\-" + roff(verb->get_name()) + " (1)\n" +
            roff(verb->get_description()) + "\n";
  return text +
         ".SH EXIT STATUS\n.TP\n.B 0\nclean\n.TP\n.B 23\nfindings (\\-\\-error\\-exitcode)\n"
         ".TP\n.B 2\nwrong usage, unreadable input, or the tool could not do its work\n"
         ".TP\n.B 124\nthe time was up, and there was nothing to report\n"
         ".TP\n.B else\nthe program's own exit code; 128 + signal when it was killed\n";
}

std::string verb_names(const CLI::App& app) {
  std::string names;
  for (const CLI::App* verb : listed_verbs(app))
    names += (names.empty() ? "" : " ") + verb->get_name();
  return names;
}

// Behind `--` is another program's command line: files, as without us.
std::string bash_completion(const CLI::App& app) {
  std::string text =
      "# bash completion for track; made by `track docs`\n_track() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} options= i\n  COMPREPLY=()\n"
      "  for ((i = 1; i < COMP_CWORD; ++i)); do [[ ${COMP_WORDS[i]} == -- ]] && return; done\n"
      "  if ((COMP_CWORD == 1)); then\n    COMPREPLY=($(compgen -W '" +
      verb_names(app) + " --help --version' -- \"$word\"))\n    return\n  fi\n  case $verb in\n";
  for (const CLI::App* verb : listed_verbs(app)) {
    std::string options;
    for (const CLI::Option* option : listed_options(*verb))
      for (const std::string& name : names_of(*option))
        options += (options.empty() ? "" : " ") + name;
    text += "    " + verb->get_name() + ") options='" + options + "' ;;\n";
  }
  return text +
         "  esac\n  [[ $word == -* ]] && COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n}\n"
         "complete -o default -F _track track\n";
}

std::string quoted(const std::string& text) {
  return "'" + replaced(replaced(text, "\n", " "), "'", "'\\''") + "'";
}

std::string zsh_completion(const CLI::App& app) {
  const auto plain = [](std::string text) {
    for (const char* special : {"\\", "[", "]", ":"})
      text = replaced(text, special, std::string("\\") + special);
    return text;
  };
  std::string text = "#compdef track\n# made by `track docs`\nlocal -a verbs\nverbs=(\n";
  for (const CLI::App* verb : listed_verbs(app))
    text += "  " + quoted(plain(verb->get_name()) + ":" + plain(verb->get_description())) + "\n";
  text +=
      ")\nif ((CURRENT == 2)); then\n  _describe verb verbs\n  return\nfi\n"
      "local verb=$words[2]\nshift words\n((CURRENT--))\ncase $verb in\n";
  for (const CLI::App* verb : listed_verbs(app)) {
    text += "  " + verb->get_name() + ")\n    _arguments -S";
    for (const CLI::Option* option : listed_options(*verb))
      for (const std::string& name : names_of(*option))
        text += " \\\n      " + quoted("*" + name + "[" + plain(option->get_description()) + "]" +
                                       (takes_value(*option) ? ":value:_files" : ""));
    text += " \\\n      '*::argument:_files'\n    ;;\n";
  }
  return text + "esac\n";
}

std::string fish_completion(const CLI::App& app) {
  const std::string verbs = verb_names(app);
  std::string text = "# fish completion for track; made by `track docs`\n";
  for (const CLI::App* verb : listed_verbs(app))
    text += "complete -c track -n " + quoted("not __fish_seen_subcommand_from " + verbs) +
            " -f -a " + verb->get_name() + " -d " + quoted(verb->get_description()) + "\n";
  for (const CLI::App* verb : listed_verbs(app))
    for (const CLI::Option* option : listed_options(*verb)) {
      text += "complete -c track -n " + quoted("__fish_seen_subcommand_from " + verb->get_name());
      for (const std::string& name : option->get_lnames()) text += " -l " + name;
      for (const std::string& name : option->get_snames()) text += " -s " + name;
      text += std::string(takes_value(*option) ? " -r" : "") + " -d " +
              quoted(option->get_description()) + "\n";
    }
  return text;
}

void write_docs(const CLI::App& app, const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) throw Error("cannot make " + directory + ": " + error.message());
  write::write_file(directory + "/track.1", man_of_all(app));
  for (const CLI::App* verb : listed_verbs(app))
    write::write_file(directory + "/track-" + verb->get_name() + ".1", man_of_verb(*verb));
  write::write_file(directory + "/track.bash", bash_completion(app));
  write::write_file(directory + "/_track", zsh_completion(app));
  write::write_file(directory + "/track.fish", fish_completion(app));
}

}  // namespace

void add_docs(CLI::App& app, int& exit_code) {
  auto directory = std::make_shared<std::string>();
  CLI::App* verb = app.add_subcommand("docs", "write man pages and the shells' completion");
  verb->group("");
  verb->add_option("DIR", *directory, "where to; it is made")->required();
  verb->callback([&app, directory, &exit_code] {
    write_docs(app, *directory);
    exit_code = kClean;
  });
}

}  // namespace track::verbs
