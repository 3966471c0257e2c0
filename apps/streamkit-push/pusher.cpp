#include "pusher.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <utility>

#include "streamkit/service/errc.hpp"

namespace streamkit::push {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstBackoff{1'000};
constexpr milliseconds kLongestBackoff{30'000};

bool is_interrupted(const Error& error) { return error.code == net::Errc::interrupted; }

}  // namespace

Pusher::Pusher(net::Runtime& runtime, const Config& config, Timeline timeline, Messages* messages,
               LogSink log)
    : config_(config),
      timeline_(std::move(timeline)),
      messages_(messages),
      log_sink_(std::move(log)),
      log_(log_sink_, "push"),
      wake_(runtime.shard(0).get_executor()),
      stop_hook_(runtime.on_stop([this](net::Drain drain) {
          stopping_ = true;
          // Before there is a stream there is nothing to say goodbye to.
          if (streaming_) drain_ = std::move(drain);
          wake_.notify();
      })) {}

net::Task<> Pusher::run() {
    auto pushed = co_await push_until_end();
    // A coroutine that was cancelled cannot wait any more.
    const bool cancelled = !pushed && is_interrupted(pushed.error()) && !drain_;
    if (messages_ != nullptr && !cancelled) {
        auto stopped = co_await messages_->stop();
        if (!stopped) log_.warn("the last message was not answered");
    }
    if (has_streamed_) progress_.finish(progress_line());
    drain_.reset();
    co_return pushed;
}

/// Connects, streams, and does so again as long as that makes sense.
net::Task<> Pusher::push_until_end() {
    auto backoff = kFirstBackoff;
    for (;;) {
        RtmpPublisherConfig publisher_config;
        publisher_config.log = log_sink_;
        auto publisher = co_await RtmpPublisher::connect(config_.url, std::move(publisher_config));
        Result<void> outcome;
        if (publisher) {
            log_.info("publishing", {{"url", config_.url}});
            backoff = kFirstBackoff;
            outcome = co_await stream(*publisher);
            bytes_before_ += std::exchange(bytes_, 0);
            if (outcome) break;
        } else {
            outcome = publisher.error();
        }
        if (!worth_retrying(outcome.error())) co_return outcome;
        resuming_ = has_streamed_;
        log_.warn("connection failed, trying again",
                  {{"reason", outcome.error().message()}, {"after_ms", backoff.count()}});
        const auto until = net::now() + backoff;
        auto waited = co_await wake_.wait_until(until);
        if (waited || is_interrupted(waited.error())) break;
        backoff = std::min(2 * backoff, kLongestBackoff);
    }
    if (stopping_) co_return Error{net::Errc::interrupted, "push"};
    co_return Result<void>{};
}

bool Pusher::worth_retrying(const Error& error) const {
    if (!config_.reconnect || stopping_ || source_failed_ || is_interrupted(error)) return false;
    // A server that has taken the stream before may only not have noticed that we were gone.
    if (error.code == ServiceErrc::refused_by_peer) return has_streamed_;
    return error.code != ServiceErrc::unsupported_scheme && error.code != Failure::unsupported;
}

/// Sends packets until the end or a signal, and says goodbye.
net::Task<> Pusher::stream(RtmpPublisher& publisher) {
    streaming_ = true;
    auto sent = co_await publisher.announce(timeline_.tracks());
    pacer_.restart();
    while (sent && !stopping_) {
        auto packet = next_packet();
        if (!packet) {
            source_failed_ = true;
            sent = packet.error();
            break;
        }
        if (!*packet) break;
        position_ = (*packet)->dts;
        if (!config_.realtime_off) {
            const auto due = position_;
            sent = co_await pacer_.until(due);
            if (!sent) break;
        }
        MediaEvent event = **packet;
        sent = co_await publisher.send(std::move(event));
        if (!sent) break;
        held_.reset();
        has_streamed_ = true;
        if (messages_ != nullptr) messages_->start();
        show_progress(publisher);
    }
    if (sent || source_failed_) {
        auto closed = co_await publisher.close();
        if (sent && !stopping_) sent = closed;
    }
    bytes_ = publisher.bytes_sent();
    streaming_ = false;
    co_return sent;
}

/// The packet that is to be sent now; it stays in `held_` until it has been.
Result<std::optional<Packet>> Pusher::next_packet() {
    const auto tracks = timeline_.tracks();
    const bool has_video = std::ranges::any_of(
        tracks, [](const TrackInfo& info) { return info.kind == TrackKind::video; });
    const auto is_video = [&](const Packet& packet) {
        return std::ranges::any_of(tracks, [&](const TrackInfo& info) {
            return info.id == packet.track && info.kind == TrackKind::video;
        });
    };
    for (;;) {
        if (!held_) {
            auto packet = timeline_.next();
            if (!packet) return packet.error();
            if (!*packet) return std::nullopt;
            held_ = **std::move(packet);
        }
        if (config_.duration && held_->dts >= Timestamp{config_.duration->count(), 1'000}) {
            return std::nullopt;
        }
        const bool can_begin = !has_video || (held_->key_frame && is_video(*held_));
        if (!resuming_ || can_begin) {
            resuming_ = false;
            return held_;
        }
        held_.reset();
    }
}

void Pusher::show_progress(const RtmpPublisher& publisher) {
    const auto now = net::now();
    if (!progress_.due(now)) return;
    bytes_ = publisher.bytes_sent();
    progress_.update(now, progress_line());
}

std::string Pusher::progress_line() const {
    const auto seconds = std::max(position_.seconds(), 0.0);
    const auto whole = static_cast<long>(seconds);
    const auto bytes = static_cast<double>(bytes_before_ + bytes_);
    std::array<char, 160> line{};
    std::snprintf(line.data(), line.size(), "%02ld:%02ld:%02ld.%ld  %.2f Mbit/s  %.1f MB",
                  whole / 3600, whole / 60 % 60, whole % 60, static_cast<long>(seconds * 10) % 10,
                  seconds > 0 ? bytes * 8e-6 / seconds : 0.0, bytes * 1e-6);
    std::string text{line.data()};
    if (messages_ != nullptr) text += "  " + std::to_string(messages_->posted()) + " messages";
    return text;
}

}  // namespace streamkit::push
