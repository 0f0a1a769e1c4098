#include "cli/write/rule_help.h"

namespace track::write {
namespace {

constexpr RuleHelp kHelp[] = {
    {Rule::deadlock, "Threads wait for each other in a cycle.",
     "Each thread of the cycle holds a lock, or is to end, before the next one can go on: none of "
     "them ever will. Take the locks in one order everywhere (std::scoped_lock takes several at "
     "once), or do not wait while holding one."},
    {Rule::stuck_task, "A blocked task can be woken by nobody.",
     "What it waits for is known only to itself and to tasks that are stuck as well. Somebody has "
     "to keep a way to wake it: signal the condition, close the queue, or ask the thread to stop "
     "before the last reference to what it waits for goes away."},
    {Rule::orphaned_coroutine, "A suspended coroutine is referred to by nothing any more.",
     "Nobody can resume or destroy it: its frame and all that it owns are lost. Keep its handle "
     "until it is done, resume it on every path (an error and a cancellation too), or destroy it."},
    {Rule::unjoined_thread, "A thread has ended, and nobody joined or detached it.",
     "Its stack and its entry stay until the process ends. Join it, detach it when nobody needs "
     "its result, or use std::jthread."},
    {Rule::outlived_task,
     "A task was still there when its process, or the scope it was started in, ended.",
     "It is torn down in the middle of whatever it does, while static objects are destroyed below "
     "it. Ask it to stop and wait for it before main returns, or before its scope ends."},
    {Rule::growing_tasks, "Tasks of one origin become more and more.",
     "Each of several looks at the process found more of them than the one before, and the earlier "
     "ones were still there. Find what should end them, or bound how many there may be."},
    {Rule::lock_held_at_exit, "A thread ended while it held a lock.",
     "Whoever takes the lock next waits for ever. Release it on every path: a guard object does, "
     "also when the thread leaves by an exception or pthread_exit."},
    {Rule::lock_order, "Locks are taken in orders that close a cycle.",
     "Nothing hung this time; with another timing it may. Take them in one order everywhere, or "
     "all at once with std::scoped_lock."},
    {Rule::lock_across_await, "A coroutine holds a lock while it is suspended.",
     "The lock stays taken until somebody resumes the coroutine, perhaps on another thread, which "
     "must not release it. Release it before co_await, or use a lock made for coroutines."},
    {Rule::pool_exhausted, "Every thread of a pool waits for work in the pool's own queue.",
     "No thread is left to do what all of them wait for. Do not wait inside a job for another job "
     "of the same pool: continue from it, or give such work a pool of its own."},
    {Rule::leaked_memory, "Blocks of the heap are referred to by nothing.",
     "Nobody can free them any more. Give them an owner where they are allocated."},
    {Rule::growing_memory, "Blocks allocated at one place become more and more.",
     "Each of several looks at the process found more bytes from that place. Find what should free "
     "them, or bound what is kept."},
    {Rule::data_race, "Two threads use the same memory at the same time, and one of them writes.",
     "What either sees is undefined. Protect it with one lock, or make it atomic."},
    {Rule::memory_error, "Memory is used that is not there, or not there any more.",
     "Whoever uses it has to know how long it lives and how large it is."},
    {Rule::undefined_behavior, "The program does what the language does not define.",
     "Anything may come of it, also what worked so far. Take away its cause."},
};

constexpr bool in_order() {
  for (size_t i = 0; i < std::size(kHelp); ++i)
    if (static_cast<size_t>(kHelp[i].rule) != i) return false;
  return true;
}
static_assert(in_order());
static_assert(std::size(kHelp) == static_cast<size_t>(Rule::undefined_behavior) + 1);

}  // namespace

std::span<const RuleHelp> rule_help() {
  return kHelp;
}

}  // namespace track::write
