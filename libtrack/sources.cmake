# The sources of libtrack, listed by room. Paths are relative to libtrack/.
include(${CMAKE_CURRENT_LIST_DIR}/core/unwind.cmake OPTIONAL)
list(TRANSFORM TRACK_UNWIND_SOURCES PREPEND core/)

set(TRACK_CORE_SOURCES
    core/await_walk.cc
    core/frame_map.cc
    core/key_counts.cc
    core/labels.cc
    core/declared.cc
    core/block_table.cc
    core/contention.cc
    core/coroutine_table.cc
    core/cpu_sampler.cc
    core/cpu_signal.cc
    core/fiber_table.cc
    core/found_threads.cc
    core/heap_level.cc
    core/heap_sites.cc
    core/mapping_table.cc
    core/family.cc
    core/memory.cc
    core/modules.cc
    core/options.cc
    core/recording.cc
    core/recording_copy.cc
    core/recording_dump.cc
    core/recording_file.cc
    core/ring.cc
    core/sample_table.cc
    core/sampler.cc
    core/scopes.cc
    core/stacks.cc
    core/symbols.cc
    core/sys.cc
    core/thread_slots.cc
    core/thread_state.cc
    core/told_coroutines.cc
    ${TRACK_UNWIND_SOURCES})

set(TRACK_CAPTURE_SOURCES
    capture/allocation_stacks.cc
    capture/allocations.cc
    capture/births.cc
    capture/coroutines.cc
    capture/frame_heads.cc
    capture/descriptors.cc
    capture/fibers.cc
    capture/handoffs.cc
    capture/held.cc
    capture/holds.cc
    capture/locks.cc
    capture/mappings.cc
    capture/next_symbols.cc
    capture/operators.cc
    capture/orders.cc
    capture/pending.cc
    capture/sampled_allocations.cc
    capture/threads.cc
    capture/told.cc
    capture/told_fibers.cc
    capture/waits.cc)

set(TRACK_INTERPOSE_SOURCES
    interpose/allocations.cc
    interpose/births.cc
    interpose/children.cc
    interpose/conditions.cc
    interpose/descriptors.cc
    interpose/exec.cc
    interpose/fibers.cc
    interpose/io.cc
    interpose/jumps.cc
    interpose/loader.cc
    interpose/locks.cc
    interpose/mappings.cc
    interpose/operators.cc
    interpose/other_allocators.cc
    interpose/privileges.cc
    interpose/process.cc
    interpose/rare_allocations.cc
    interpose/real.cc
    interpose/signals.cc
    interpose/sleeps.cc
    interpose/syscall.cc
    interpose/threads.cc)

set(TRACK_CONTROL_SOURCES control/api.cc control/api_tasks.cc control/declare_api.cc control/held_api.cc control/pool_api.cc control/reference_api.cc control/scope_api.cc control/wait_api.cc control/attach.cc control/binding.cc control/coroutine_api.cc control/fiber_api.cc control/elf_module.cc
                          control/exec.cc control/exit.cc control/fork.cc
                          control/init.cc)

set(TRACK_LIBRARY_SOURCES
    ${TRACK_CORE_SOURCES} ${TRACK_CAPTURE_SOURCES} ${TRACK_INTERPOSE_SOURCES}
    ${TRACK_CONTROL_SOURCES})
