#pragma once

// A run that is made up from a seed: links, peers, what they send, and what goes wrong.

#include <cstdint>
#include <string>

namespace streamkit::sim {

struct Outcome {
    std::string failure;       ///< empty: everything arrived, and no invariant was broken
    std::uint64_t digest = 0;  ///< of the whole log
    std::uint64_t datagrams = 0;
    double seconds = 0;  ///< of virtual time
};

/// Runs the scenario of this seed to its end.
[[nodiscard]] Outcome run_scenario(std::uint64_t seed);

/// What the scenario is, for the reader of a failure.
[[nodiscard]] std::string describe_scenario(std::uint64_t seed);

}  // namespace streamkit::sim
