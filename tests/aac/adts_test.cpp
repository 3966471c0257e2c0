#include "streamkit/aac/adts.hpp"

#include "streamkit/aac/errc.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::test;
using namespace streamkit::aac;

namespace {

AdtsHeader header(std::uint32_t sampling_frequency, std::uint8_t channels, std::size_t header_bytes,
                  std::size_t frame_bytes, std::uint8_t raw_data_blocks) {
    AdtsHeader value;
    value.config.sampling_frequency = sampling_frequency;
    value.config.channel_configuration = channels;
    value.header_bytes = header_bytes;
    value.frame_bytes = frame_bytes;
    value.raw_data_blocks = raw_data_blocks;
    return value;
}

struct Case {
    const char* name;
    Bytes bytes;
    AdtsHeader value;
};

const Case kCases[] = {
    {"AAC-LC 44.1 kHz stereo, as FFmpeg writes it",
     hex("fff1"  // syncword, MPEG-4, layer 0, no CRC
         "50"    // AAC-LC, 44.1 kHz
         "80"    // 2 channels
         "2e7f"  // aac_frame_length 371
         "fc"),  // buffer fullness 0x7ff, one raw data block
     header(44100, 2, 7, 371, 1)},
    {"MPEG-2, 48 kHz mono, CRC, two raw data blocks", hex("fff8 4c 40 0141 fd"),
     header(48000, 1, 9, 10, 2)},
};

}  // namespace

TEST_CASE("an ADTS header is read", "[aac][adts]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        const auto value = AdtsHeader::parse(c.bytes);
        REQUIRE(value);
        CHECK(*value == c.value);
        every_truncation(c.bytes, [&](BytesView prefix) {
            const auto cut = AdtsHeader::parse(prefix);
            REQUIRE_FALSE(cut);
            CHECK(cut.error().code == Errc::truncated);
        });
    }
}

TEST_CASE("a wrong ADTS header is refused by name", "[aac][adts]") {
    struct Refusal {
        const char* name;
        Bytes bytes;
        Errc errc;
    };
    const Refusal refusals[] = {
        {"no syncword", hex("ffe1 50 80 2e7f fc"), Errc::no_sync_word},
        {"an MPEG layer: MP3", hex("fffb 50 80 2e7f fc"), Errc::no_sync_word},
        {"reserved frequency", hex("fff1 74 80 2e7f fc"), Errc::reserved_sampling_frequency},
        {"channels in a program_config_element", hex("fff1 50 00 2e7f fc"), Errc::no_channels},
        {"a frame shorter than its header", hex("fff1 50 80 00df fc"), Errc::bad_frame_length},
    };
    for (const auto& refusal : refusals) {
        INFO(refusal.name);
        const auto value = AdtsHeader::parse(refusal.bytes);
        REQUIRE_FALSE(value);
        CHECK(value.error().code == refusal.errc);
    }
}
