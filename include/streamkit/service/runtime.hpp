#pragma once

// The names that programs use for the parts of `net` and `live`.

#include "streamkit/live/hub.hpp"
#include "streamkit/net/runtime.hpp"

namespace streamkit {

using net::Runtime;
using net::RuntimeConfig;
using net::Task;

using live::Hub;

}  // namespace streamkit
