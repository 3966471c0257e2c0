#include "streamkit/live/hub.hpp"

#include <algorithm>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace streamkit::live {

struct Hub::State {
    using Callbacks = std::list<StreamCallback>;

    explicit State(HubConfig hub_config) : config(hub_config) {}

    Registration add(const std::shared_ptr<State>& self, Callbacks& callbacks,
                     StreamCallback callback) {
        const std::lock_guard lock(mutex);
        const auto position = callbacks.insert(callbacks.end(), std::move(callback));
        return Registration([weak = std::weak_ptr(self), &callbacks, position] {
            const auto alive = weak.lock();
            if (!alive) return;
            const std::lock_guard remove_lock(alive->mutex);
            callbacks.erase(position);
        });
    }

    /// Copies, so that they are called without the mutex.
    std::vector<StreamCallback> copy_of(const Callbacks& callbacks) const {
        const std::lock_guard lock(mutex);
        return {callbacks.begin(), callbacks.end()};
    }

    std::vector<std::shared_ptr<Stream>> all() const {
        const std::lock_guard lock(mutex);
        std::vector<std::shared_ptr<Stream>> found;
        for (const auto& [path, stream] : streams)
            found.push_back(stream);
        return found;
    }

    void remove(const std::shared_ptr<Stream>& stream) {
        {
            const std::lock_guard lock(mutex);
            const auto found = streams.find(stream->path());
            if (found != streams.end() && found->second == stream) streams.erase(found);
        }
        for (const auto& callback : copy_of(on_ended))
            callback(stream);
    }

    const HubConfig config;
    mutable std::mutex mutex;  // never held while a stream or a callback is called
    std::map<std::string, std::shared_ptr<Stream>, std::less<>> streams;
    std::uint64_t total_streams = 0;
    Callbacks on_started;
    Callbacks on_ended;
};

Hub::Hub(HubConfig config) : state_(std::make_shared<State>(config)) {}

Hub::~Hub() = default;

Result<std::shared_ptr<Stream>> Hub::open(std::string_view path) {
    const auto& config = state_->config;
    if (path.empty()) return Error{Errc::invalid_path, "stream"};
    if (path.size() > config.max_path_bytes) return Error{Errc::path_too_long, "stream"};
    if (config.on_conflict == OnConflict::take_over) {
        if (const auto old = find(path)) old->revoke({Errc::taken_over, "stream"});
    }

    auto stream = std::make_shared<Stream>(
        Stream::Private{}, std::string(path), config.stream,
        [weak = std::weak_ptr(state_)](const std::shared_ptr<Stream>& ended) {
            if (const auto state = weak.lock()) state->remove(ended);
        });
    {
        const std::lock_guard lock(state_->mutex);
        if (state_->streams.contains(path)) return Error{Errc::already_publishing, "stream"};
        if (state_->streams.size() >= config.max_streams) {
            return Error{Errc::too_many_streams, "stream"};
        }
        state_->streams.emplace(path, stream);
        ++state_->total_streams;
    }
    for (const auto& callback : state_->copy_of(state_->on_started))
        callback(stream);
    return stream;
}

std::shared_ptr<Stream> Hub::find(std::string_view path) const {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->streams.find(path);
    return found != state_->streams.end() ? found->second : nullptr;
}

Registration Hub::on_stream_started(StreamCallback callback) {
    return state_->add(state_, state_->on_started, std::move(callback));
}

Registration Hub::on_stream_ended(StreamCallback callback) {
    return state_->add(state_, state_->on_ended, std::move(callback));
}

HubStats Hub::stats(TimePoint now) const {
    HubStats stats;
    for (const auto& stream : state_->all()) {
        stats.streams.push_back(stream->stats(now));
        stats.viewers += stats.streams.back().viewers;
    }
    const std::lock_guard lock(state_->mutex);
    stats.total_streams = state_->total_streams;
    return stats;
}

}  // namespace streamkit::live
