// Standalone asio with C++20 coroutines: asio 1.22 does not see clang's by itself.
#pragma once

#ifdef __clang__
#define ASIO_HAS_CO_AWAIT 1
#define ASIO_HAS_STD_COROUTINE 1
#endif
#include <asio.hpp>
