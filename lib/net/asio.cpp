// Asio's own bodies, compiled once for everybody (ASIO_SEPARATE_COMPILATION).

#include "streamkit/net/asio.hpp"

#include <asio/impl/src.hpp>
