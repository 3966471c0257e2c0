#pragma once

// Broken invariants of our own. What the outside world can cause is a `Result`.

#include <cassert>

/// Checks an invariant of the library itself in debug builds; costs nothing in release builds.
#define STREAMKIT_ASSERT(condition) assert(condition)
