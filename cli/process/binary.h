// What an executable file says about whether libtrack can be loaded into it. Bounds-checked: the
// file may be anything.
#pragma once

#include <string>
#include <vector>

namespace track::process {

struct Binary {
  std::string asked;                 // as the user named it
  std::string path;                  // the file found
  std::vector<std::string> scripts;  // `#!` files on the way from `asked` to `path`
  std::string interpreter;           // of the program: the dynamic loader
  bool elf = false;
  bool bits64 = false;
  bool x86_64 = false;
  bool dynamic = false;  // has a dynamic loader
  bool musl = false;
  bool privileged = false;  // set-user-ID, set-group-ID or file capabilities that take effect
  bool symbols = false;     // .symtab
  bool debug_info = false;  // .debug_info, or a link to a file that has it

  // Why libtrack.so will not be loaded; empty = it will.
  std::string blocker() const;
};

// Looks the command up in PATH, follows `#!`. Throws Error when there is no such command, or it
// cannot be executed or read.
Binary inspect_command(const std::string& command);
Binary inspect_file(const std::string& path);

}  // namespace track::process
