#pragma once

#include <cstddef>

#include "streamkit/amf/reader.hpp"

namespace streamkit::amf {

/// Counts one level of nesting for as long as it lives.
class Reader::Nesting {
public:
    explicit Nesting(std::size_t& depth) noexcept : depth_(depth) { ++depth_; }
    ~Nesting() { --depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

private:
    std::size_t& depth_;
};

}  // namespace streamkit::amf
