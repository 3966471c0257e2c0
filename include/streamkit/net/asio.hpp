#pragma once

// The one place that includes Asio, by its narrow headers: `asio.hpp` takes three times as long.
//
// Asio is compiled once, in lib/net/asio.cpp. The definitions that ask for it come with the CMake
// target, as they are part of the ABI.

#if !defined(ASIO_STANDALONE) || !defined(ASIO_SEPARATE_COMPILATION)
#error "link streamkit::net: it brings the definitions that Asio was compiled with"
#endif

#include <cstddef>  // Asio's configuration looks at macros of the standard library: it must not come first

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/dispatch.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#if __has_include(<asio/as_tuple.hpp>)
#include <asio/as_tuple.hpp>
#else
#include <asio/experimental/as_tuple.hpp>
#endif

#include "streamkit/base/result.hpp"

namespace streamkit::net {

#if __has_include(<asio/as_tuple.hpp>)
using asio::as_tuple;
#else
using asio::experimental::as_tuple;
#endif

using tcp = asio::ip::tcp;

/// A coroutine that ends with a `Result<T>`.
///
/// Write it as a named function that takes its arguments by value, and give every call under
/// `co_await` named locals or literals: GCC 12 destroys lambda captures and brace-initialised
/// arguments of such a call twice.
template <class T = void>
using Task = asio::awaitable<Result<T>>;

}  // namespace streamkit::net
