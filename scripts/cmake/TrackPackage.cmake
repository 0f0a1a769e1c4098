# `cpack` in the build directory makes a Debian package of what is installed: libtrack_VERSION_amd64.deb.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME libtrack)
set(CPACK_PACKAGE_CONTACT "libtrack developers <libtrack@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "finds leaked threads and coroutines, and deadlocks, in C++ programs")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"The library libtrack.so is preloaded and only records; the command track reads the record from
 outside and says which tasks leaked, created where, stuck where, since when, held by whom.")
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
# Who needs which library is read off the binaries.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE gzip)
# track names its own functions, and selftest those of the planted program.
set(CPACK_STRIP_FILES OFF)
include(CPack)
