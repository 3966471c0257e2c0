#include "sent_packets.hpp"

#include <chrono>
#include <cstdint>

#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::rudp;
using namespace std::chrono_literals;

namespace {

constexpr TimePoint kStart = TimePoint{} + 1h;

SentPacket& send(SentPackets& packets, TimePoint now, std::uint32_t bytes,
                 bool ack_eliciting = true) {
    auto& packet = packets.add();
    packet.time = now;
    packet.bytes = bytes;
    packet.ack_eliciting = ack_eliciting;
    packets.on_sent(packet);
    return packet;
}

}  // namespace

TEST_CASE("sent packets are found by number until they are forgotten", "[rudp][sent_packets]") {
    for (const std::uint64_t first :
         {std::uint64_t{0}, (std::uint64_t{1} << 32) - 10, (std::uint64_t{1} << 62) - 10}) {
        SentPackets packets{first};
        CHECK(packets.oldest() == packets.next_number());
        CHECK(packets.find(first) == nullptr);
        for (std::uint32_t i = 0; i < 1000; ++i) {
            CHECK(packets.next_number() == first + i);
            auto& packet = send(packets, kStart + std::chrono::milliseconds{i}, i);
            packet.carry(SentStream{4, i, 1, false});
        }
        CHECK(packets.packets_in_flight() == 1000);
        CHECK(packets.bytes_in_flight() == 999 * 1000 / 2);
        for (std::uint32_t i = 0; i < 1000; ++i) {
            auto* packet = packets.find(first + i);
            REQUIRE(packet != nullptr);
            CHECK(packet->packet_number == first + i);
            REQUIRE(packet->carried().size() == 1);
            CHECK(std::get<SentStream>(packet->carried()[0]).offset == i);
        }
        CHECK(packets.find(first - 1) == nullptr);
        CHECK(packets.find(first + 1000) == nullptr);

        for (std::uint32_t i = 0; i < 10; ++i)
            packets.set_status(*packets.find(first + i), SentPacket::Status::acked);
        packets.set_status(*packets.find(first + 11), SentPacket::Status::acked);
        packets.forget(kStart + 1h);
        CHECK(packets.oldest() == first + 10);
        CHECK(packets.find(first + 9) == nullptr);
        CHECK(packets.find(first + 11)->status == SentPacket::Status::acked);
    }
}

TEST_CASE("a slot that is used again keeps nothing of its last packet", "[rudp][sent_packets]") {
    SentPackets packets{0};
    for (int round = 0; round < 200; ++round) {
        auto& packet = packets.add();
        CHECK(packet.status == SentPacket::Status::in_flight);
        CHECK_FALSE(packet.ack_eliciting);
        CHECK_FALSE(packet.is_mtu_probe);
        CHECK(packet.bytes == 0);
        CHECK(packet.path_generation == 0);
        CHECK(packet.delivery.delivered == 0);
        CHECK(packet.carried().empty());
        packet.ack_eliciting = packet.is_mtu_probe = true;
        packet.bytes = 1200;
        packet.path_generation = 7;
        packet.delivery.delivered = 99;
        while (!packet.is_full())
            packet.carry(SentAck{1});
        CHECK(packet.carried().size() == kMaxSentFrames);
        packets.on_sent(packet);
        packets.set_status(packet, SentPacket::Status::acked);
        packets.forget(kStart);
    }
    CHECK(packets.held_bytes() <= 64 * sizeof(SentPacket));
}

TEST_CASE("numbers left out on purpose are known as such", "[rudp][sent_packets]") {
    SentPackets packets{5};
    packets.skip();
    send(packets, kStart, 1);
    packets.skip();
    send(packets, kStart, 1);
    CHECK(packets.next_number() == 9);
    CHECK(packets.was_skipped(5));
    CHECK_FALSE(packets.was_skipped(6));
    CHECK(packets.was_skipped(7));
    CHECK(packets.any_skipped(6, 8));
    CHECK_FALSE(packets.any_skipped(8, 100));
    CHECK(packets.find(5) == nullptr);
    CHECK(packets.find(7) == nullptr);
    packets.set_status(*packets.find(6), SentPacket::Status::acked);
    packets.forget(kStart);
    CHECK(packets.oldest() == 8);
    CHECK_FALSE(packets.was_skipped(7));
    CHECK(packets.find(8) != nullptr);
}

TEST_CASE("a lost packet is remembered for a while", "[rudp][sent_packets]") {
    SentPackets packets{0};
    send(packets, kStart, 100);
    send(packets, kStart + 1ms, 100);
    packets.set_status(*packets.find(0), SentPacket::Status::lost);
    CHECK(packets.bytes_in_flight() == 100);
    packets.forget(kStart - 1ms);
    CHECK(packets.oldest() == 0);
    packets.forget(kStart);
    CHECK(packets.oldest() == 1);
    packets.forget(kStart + 1h);
    CHECK(packets.oldest() == 1);  // in flight
}

TEST_CASE("the status decides what is in flight", "[rudp][sent_packets]") {
    SentPackets packets{0};
    auto& packet = send(packets, kStart, 100);
    send(packets, kStart, 40, false);
    CHECK(packets.bytes_in_flight() == 100);
    CHECK(packets.packets_in_flight() == 1);
    packets.set_status(packet, SentPacket::Status::lost);
    packets.set_status(packet, SentPacket::Status::lost);
    CHECK(packets.bytes_in_flight() == 0);
    packets.set_status(packet, SentPacket::Status::acked);
    CHECK(packets.bytes_in_flight() == 0);
    packets.set_status(*packets.find(1), SentPacket::Status::acked);
    CHECK(packets.packets_in_flight() == 0);
}

TEST_CASE("packets that nobody acknowledges do not pile up", "[rudp][sent_packets]") {
    SentPackets packets{0};
    for (int i = 0; i < 100'000; ++i)
        send(packets, kStart, 40, false);
    CHECK(packets.held_bytes() <= 64 * sizeof(SentPacket));
    send(packets, kStart, 100);
    for (int i = 0; i < 500; ++i)
        send(packets, kStart, 40, false);
    CHECK(packets.find(100'000) != nullptr);
    CHECK(packets.bytes_in_flight() == 100);
}
