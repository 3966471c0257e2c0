#pragma once

// Pushes a timeline to an RTMP server until it ends, a signal comes, or the connection fails.

#include <cstdint>
#include <optional>
#include <string>

#include "cli/progress.hpp"
#include "config.hpp"
#include "messages.hpp"
#include "streamkit/net/runtime.hpp"
#include "streamkit/net/timer.hpp"
#include "streamkit/service/pacer.hpp"
#include "streamkit/service/rtmp_publisher.hpp"
#include "timeline.hpp"

namespace streamkit::push {

class Pusher {
public:
    /// @param messages  posted while the media flows; may be null
    /// @param runtime, config, messages  must outlive this
    Pusher(net::Runtime& runtime, const Config& config, Timeline timeline, Messages* messages,
           LogSink log);

    /// @return how it ended: `net::Errc::interrupted` after a signal, `ServiceErrc::refused_by_peer`,
    ///         or what ended the connection, or an error of the timeline's source
    net::Task<> run();

private:
    net::Task<> push_until_end();
    net::Task<> stream(RtmpPublisher& publisher);
    Result<std::optional<Packet>> next_packet();
    [[nodiscard]] bool worth_retrying(const Error& error) const;
    void show_progress(const RtmpPublisher& publisher);
    [[nodiscard]] std::string progress_line() const;

    const Config& config_;
    Timeline timeline_;
    Messages* messages_;
    LogSink log_sink_;
    Logger log_;
    net::Notifier wake_;  ///< a signal has come
    Pacer pacer_;
    cli::Progress progress_;

    std::optional<Packet> held_;  ///< taken from the timeline, not sent yet
    bool resuming_ = false;       ///< wait for a key frame: the server has nothing to refer to
    bool has_streamed_ = false;
    bool streaming_ = false;
    bool stopping_ = false;
    bool source_failed_ = false;
    net::Drain drain_;  ///< held from the signal to the goodbye
    Timestamp position_{0, 1'000};
    std::uint64_t bytes_before_ = 0;  ///< on connections that are gone
    std::uint64_t bytes_ = 0;
    Registration stop_hook_;
};

}  // namespace streamkit::push
