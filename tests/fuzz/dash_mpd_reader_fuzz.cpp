// Any text as an MPD. What is read must come back after writing it.

#include <cstdlib>

#include "streamkit/dash/mpd_reader.hpp"
#include "streamkit/dash/mpd_writer.hpp"

using namespace streamkit;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto mpd = dash::read_mpd(as_text({data, size}));
    if (!mpd) return 0;
    for (const auto& period : mpd->periods) {
        for (const auto& set : period.adaptation_sets) {
            for (const auto& r : set.representations) {
                const auto* segments = set.template_of(r);
                if (segments == nullptr) continue;
                static_cast<void>(dash::expand_template(segments->media, r, 1, 2));
                static_cast<void>(dash::unfold_timeline(segments->timeline, 1'000'000, 1000));
            }
        }
    }
    // Once written, a text has no characters left that XML cannot carry.
    const auto written = dash::write_mpd(*mpd);
    dash::MpdLimits limits;
    limits.max_bytes = SIZE_MAX;
    const auto read = dash::read_mpd(written, limits);
    if (!read || dash::write_mpd(*read) != written) std::abort();
    return 0;
}
