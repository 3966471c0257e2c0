// Package an FLV file as MPEG-DASH, with an ad marker at 12 s.
//
//     example_flv_to_dash FILE.flv FOLDER
#include <cstdio>

#include <streamkit/service/dash_files.hpp>
#include <streamkit/service/file_reader.hpp>

namespace sk = streamkit;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
    if (argc != 3) return std::puts("usage: example_flv_to_dash FILE.flv FOLDER"), 2;
    auto source = sk::FileReader::open(argv[1]).value();

    sk::DashFiles packager{{.output = argv[2], .segment_duration = 4s}};
    packager.add_tracks(source.tracks()).value();
    packager
        .add(sk::TimedEvent{
            .scheme_id_uri = "urn:scte:scte35:2013:bin",
            .value = "",
            .time = {.ticks = 12'000, .timescale = 1'000},
            .duration = {.ticks = 30'000, .timescale = 1'000},
            .message = {0xfc, 0x30},
        })
        .value();

    while (auto packet = source.next().value())
        packager.write(*packet).value();
    packager.finish().value();  // writes the last segment and manifest.mpd
}
