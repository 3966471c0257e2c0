// Catch2 2 or 3, whichever is installed, under one set of names.
#pragma once

#if __has_include(<catch2/catch_test_macros.hpp>)

#include <catch2/catch_approx.hpp>
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

namespace streamkit::test {
using Catch::Approx;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
}  // namespace streamkit::test

#else

#include <catch2/catch.hpp>

namespace streamkit::test {
using Catch::Detail::Approx;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
inline auto ContainsSubstring(const std::string& text) { return Catch::Matchers::Contains(text); }
}  // namespace streamkit::test

// Catch2 2 has no skipped state: the case says why and passes. Leaves the current section or test case only.
#define SKIP(...)          \
    do {                   \
        WARN(__VA_ARGS__); \
        return;            \
    } while (false)

#endif
