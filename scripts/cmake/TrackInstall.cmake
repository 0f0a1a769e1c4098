# bin/track, lib/libtrack.so, lib/track/planted (for selftest), include/track/, and the package behind find_package(track).
# The folders are fixed: bin/track looks for ../lib/libtrack.so beside itself.
include(CMakePackageConfigHelpers)

set(package_dir lib/cmake/track)
if(TARGET track_cli)
  install(TARGETS track_cli RUNTIME DESTINATION bin)
  install(TARGETS track_planted RUNTIME DESTINATION lib/track)
  # The command writes them of itself, once it is built.
  set(docs ${PROJECT_BINARY_DIR}/docs)
  install(CODE "execute_process(COMMAND $<TARGET_FILE:track_cli> docs ${docs} COMMAND_ERROR_IS_FATAL ANY)")
  install(DIRECTORY ${docs}/ DESTINATION share/man/man1 FILES_MATCHING PATTERN "*.1")
  install(FILES ${docs}/track.bash DESTINATION share/bash-completion/completions RENAME track)
  install(FILES ${docs}/_track DESTINATION share/zsh/vendor-completions)
  install(FILES ${docs}/track.fish DESTINATION share/fish/vendor_completions.d)
endif()
if(TARGET track)
  install(TARGETS track track_asio EXPORT trackTargets LIBRARY DESTINATION lib)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/libtrack/include/track DESTINATION include)
  install(EXPORT trackTargets NAMESPACE track:: DESTINATION ${package_dir})
  configure_package_config_file(
    ${PROJECT_SOURCE_DIR}/scripts/cmake/trackConfig.cmake.in
    ${PROJECT_BINARY_DIR}/trackConfig.cmake INSTALL_DESTINATION ${package_dir})
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/trackConfigVersion.cmake
                                   COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/trackConfig.cmake
                ${PROJECT_BINARY_DIR}/trackConfigVersion.cmake
                ${PROJECT_SOURCE_DIR}/scripts/cmake/TrackLeakCheck.cmake
          DESTINATION ${package_dir})
endif()
