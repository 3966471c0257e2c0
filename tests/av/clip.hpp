#pragma once

// Clips that the tests have the ffmpeg program make.

#include <cstdlib>
#include <string>

#include "support/temporary_directory.hpp"

namespace streamkit::test {

/// A folder for the length of a test, and ffmpeg at work in it.
class ClipFolder {
public:
    [[nodiscard]] static bool has_ffmpeg() {
        static const bool found = std::system("ffmpeg -version > /dev/null 2>&1") == 0;
        return found;
    }

    [[nodiscard]] std::string file(const std::string& name) const {
        return (folder_.path() / name).string();
    }

    /// @param arguments  of ffmpeg, between its input options and the name of the result
    /// @return whether ffmpeg made it
    [[nodiscard]] bool make(const std::string& arguments, const std::string& name) const {
        const auto command = "cd '" + folder_.path().string() +
                             "' && ffmpeg -v error -nostdin -y " + arguments + " " + name;
        return std::system(command.c_str()) == 0;
    }

    /// Two seconds of H.264 with B-frames and of AAC.
    [[nodiscard]] bool make_clip(const std::string& name) const {
        return make(
            "-f lavfi -i testsrc2=size=320x180:rate=25 -f lavfi -i sine=sample_rate=44100 -t 2 "
            "-c:v libx264 -preset veryfast -bf 2 -g 25 -pix_fmt yuv420p -c:a aac -ac 2",
            name);
    }

private:
    TemporaryDirectory folder_;
};

}  // namespace streamkit::test

/// Leaves the test with a visible message where there is no ffmpeg.
#define STREAMKIT_NEEDS_FFMPEG() \
    if (!streamkit::test::ClipFolder::has_ffmpeg()) SKIP("the ffmpeg program is not installed")
