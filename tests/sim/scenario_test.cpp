#include "sim/scenario.hpp"

#include <cstdlib>

#include "support/catch.hpp"

namespace streamkit::sim {
namespace {

// STREAMKIT_SIM_SEEDS: how many; STREAMKIT_SIM_FIRST_SEED: from which on (1). One seed alone shows
// what happens in it:
//
//     STREAMKIT_SIM_FIRST_SEED=1234 STREAMKIT_SIM_SEEDS=1 test_sim '[scenario]'
std::uint64_t number_from_environment(const char* name, std::uint64_t fallback) {
    const char* text = std::getenv(name);
    return text != nullptr ? std::strtoull(text, nullptr, 10) : fallback;
}

#if defined(NDEBUG)
constexpr std::uint64_t kSeeds = 2000;
#else
constexpr std::uint64_t kSeeds =
    200;  // the checks of a debug build, or a sanitizer, take their time
#endif

/// Four test cases share the seeds, so that they run side by side.
void run_seeds(std::uint64_t remainder) {
    const auto first = number_from_environment("STREAMKIT_SIM_FIRST_SEED", 1);
    const auto seeds = number_from_environment("STREAMKIT_SIM_SEEDS", kSeeds);
    for (auto seed = first; seed < first + seeds; ++seed) {
        if (seed % 4 != remainder) continue;
        const auto outcome = run_scenario(seed);
        if (!outcome.failure.empty()) FAIL(outcome.failure << '\n' << describe_scenario(seed));
    }
    SUCCEED();
}

TEST_CASE("whatever the links do, everything arrives: part 1", "[sim][scenario]") { run_seeds(0); }
TEST_CASE("whatever the links do, everything arrives: part 2", "[sim][scenario]") { run_seeds(1); }
TEST_CASE("whatever the links do, everything arrives: part 3", "[sim][scenario]") { run_seeds(2); }
TEST_CASE("whatever the links do, everything arrives: part 4", "[sim][scenario]") { run_seeds(3); }

TEST_CASE("the same seed gives the same log twice", "[sim]") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        INFO(seed);
        const auto one = run_scenario(seed);
        const auto two = run_scenario(seed);
        CHECK(one.digest == two.digest);
        CHECK(one.datagrams == two.datagrams);
    }
    CHECK(run_scenario(1).digest != run_scenario(2).digest);
}

}  // namespace
}  // namespace streamkit::sim
