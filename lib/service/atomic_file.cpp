#include "atomic_file.hpp"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace streamkit {
namespace {

/// Slices per system call; Linux takes up to 1024.
constexpr std::size_t kMaxVectors = 256;

std::error_code last_error() { return {errno, std::generic_category()}; }

/// Writes all slices, many at a time: a segment has one for each sample.
std::error_code write_all(int file, std::span<const SharedBuffer> slices) {
    std::size_t written_of_first = 0;
    while (!slices.empty()) {
        std::array<iovec, kMaxVectors> vectors{};
        const auto count = std::min(slices.size(), kMaxVectors);
        for (std::size_t i = 0; i < count; ++i) {
            const auto bytes = slices[i].view().subspan(i == 0 ? written_of_first : 0);
            vectors[i] = {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
        }
        const auto n = ::writev(file, vectors.data(), static_cast<int>(count));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return last_error();
        auto written = static_cast<std::size_t>(n) + written_of_first;
        while (!slices.empty() && written >= slices.front().size()) {
            written -= slices.front().size();
            slices = slices.subspan(1);
        }
        written_of_first = written;
    }
    return {};
}

}  // namespace

std::error_code write_file_atomically(const std::filesystem::path& path,
                                      std::span<const SharedBuffer> slices) {
    auto unfinished = path;
    unfinished += kUnfinishedSuffix;
    std::error_code code;
    std::filesystem::create_directories(path.parent_path(), code);
    if (code) return code;
    const int file = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) return last_error();
    code = write_all(file, slices);
    if (::close(file) != 0 && !code) code = last_error();
    if (!code) std::filesystem::rename(unfinished, path, code);
    if (code) {
        std::error_code ignored;
        std::filesystem::remove(unfinished, ignored);
    }
    return code;
}

}  // namespace streamkit
