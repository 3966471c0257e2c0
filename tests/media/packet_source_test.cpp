#include "streamkit/media/packet_source.hpp"

#include <vector>

#include "streamkit/base/errc.hpp"
#include "support/catch.hpp"

using namespace streamkit;

namespace {

const Error kBroken{BaseErrc::malformed_uri, "test"};

class Numbers final : public PacketSource {
public:
    Numbers(int count, int broken_at) : count_(count), broken_at_(broken_at) {}
    std::span<const TrackInfo> tracks() const override { return tracks_; }
    Result<std::optional<Packet>> next() override {
        if (at_ == broken_at_) return kBroken;
        if (at_ == count_) return std::optional<Packet>{};
        Packet packet;
        packet.track = 1;
        packet.dts = {at_++, 25};
        return std::optional{packet};
    }
    Result<void> rewind() override {
        at_ = 0;
        return {};
    }

private:
    int count_;
    int broken_at_;
    int at_ = 0;
    std::vector<TrackInfo> tracks_{1};
};

class Recorder final : public PacketSink {
public:
    Result<void> begin(std::span<const TrackInfo> tracks) override {
        track_count = tracks.size();
        return {};
    }
    Result<void> write(const Packet& packet) override {
        if (packet.dts.ticks == refuse_at) return kBroken;
        packets.push_back(packet);
        return {};
    }
    Result<void> finish() override {
        finished = true;
        return {};
    }

    std::size_t track_count = 0;
    std::vector<Packet> packets;
    bool finished = false;
    int refuse_at = -1;
};

}  // namespace

TEST_CASE("copy moves tracks and packets and finishes the sink", "[media]") {
    Numbers source{5, -1};
    Recorder sink;
    REQUIRE(copy(source, sink));
    CHECK(sink.track_count == 1);
    CHECK(sink.packets.size() == 5);
    CHECK(sink.finished);
}

TEST_CASE("copy stops at the first error of either side", "[media]") {
    Numbers broken{5, 3};
    Recorder sink;
    CHECK(copy(broken, sink).error() == kBroken);
    CHECK(sink.packets.size() == 3);
    CHECK_FALSE(sink.finished);

    Numbers source{5, -1};
    Recorder full;
    full.refuse_at = 2;
    CHECK(copy(source, full).error() == kBroken);
    CHECK(full.packets.size() == 2);
}
