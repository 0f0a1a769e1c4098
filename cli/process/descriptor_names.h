// What /proc calls the descriptors of a process.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace track::process {

inline constexpr char kEventfd[] = "anon_inode:[eventfd]";
inline constexpr char kEpoll[] = "anon_inode:[eventpoll]";

// "pipe:[123]", "socket:[123]" -> 123; false: of another kind.
bool inode_of(const std::string& target, const char* kind, uint64_t& inode);

// The rest of a line of /proc/PID/fdinfo/FD that begins so; empty: there is none.
std::string descriptor_field(pid_t pid, int descriptor, const std::string& name);

// use(number, what it is open on, the link itself); nothing when they may not be looked at.
void for_each_descriptor(
    pid_t pid,
    const std::function<void(int, const std::string&, const std::filesystem::path&)>& use);

}  // namespace track::process
