#include "messages.hpp"

#include <algorithm>
#include <utility>

#include "streamkit/json/writer.hpp"
#include "streamkit/net/errc.hpp"

namespace streamkit::push {
namespace {

constexpr std::chrono::milliseconds kStopTimeout{2'000};

}  // namespace

std::string expand(std::string_view text, std::uint64_t number) {
    constexpr std::string_view kNumber = "{n}";
    std::string expanded;
    for (auto at = text.find(kNumber); at != std::string_view::npos; at = text.find(kNumber)) {
        expanded.append(text.substr(0, at)).append(std::to_string(number));
        text.remove_prefix(at + kNumber.size());
    }
    return expanded.append(text);
}

struct Messages::State {
    State(JsonPoster p, MessagesConfig c, const asio::any_io_executor& e)
        : poster(std::move(p)), config(std::move(c)), executor(e), changed(e), ended(e) {}

    JsonPoster poster;
    MessagesConfig config;
    asio::any_io_executor executor;
    net::Notifier changed;  ///< to the coroutine: stop
    net::Notifier ended;    ///< from the coroutine
    std::uint64_t posted = 0;
    int refusals = 0;  ///< in a row
    bool running = false;
    bool stopping = false;

    /// @return whether the message has arrived
    bool note(const Result<int>& status) {
        if (status && *status >= 200 && *status < 300) {
            refusals = 0;
            return true;
        }
        // The first few come before the server knows the stream.
        const auto level = ++refusals == 5 ? LogLevel::warn : LogLevel::debug;
        const auto reason =
            status ? "HTTP status " + std::to_string(*status) : status.error().message();
        config.log.log(level, "the server does not take the messages", {{"reason", reason}});
        return false;
    }
};

Messages::Messages(JsonPoster poster, MessagesConfig config, const asio::any_io_executor& executor)
    : state_(std::make_shared<State>(std::move(poster), std::move(config), executor)) {}

Messages::~Messages() {
    state_->stopping = true;
    state_->changed.notify();
}

void Messages::start() {
    if (std::exchange(state_->running, true)) return;
    asio::co_spawn(state_->executor, run(state_), asio::detached);
}

net::Task<> Messages::stop() {
    state_->stopping = true;
    state_->changed.notify();
    const auto latest = net::now() + kStopTimeout;
    while (state_->running) {
        auto waited = co_await state_->ended.wait_until(latest);
        if (!waited) co_return waited;
    }
    co_return Result<void>{};
}

std::uint64_t Messages::posted() const noexcept { return state_->posted; }

net::Task<> Messages::run(std::shared_ptr<State> state) {
    auto due = net::now() + state->config.every;
    while (!state->stopping && state->posted < state->config.count) {
        auto waited = co_await state->changed.wait_until(due);
        if (waited) continue;  // told to stop
        if (waited.error().code == net::Errc::interrupted) break;
        due = std::max(due + state->config.every, net::now());
        json::JsonWriter document;
        document.begin_object();
        document.member("metadata", expand(state->config.text, state->posted + 1));
        document.member("stream", state->config.stream).end_object();
        auto text = document.take();
        auto status = co_await state->poster.post(std::move(text));
        if (state->note(status)) ++state->posted;
    }
    state->running = false;
    state->ended.notify();
    co_return Result<void>{};
}

}  // namespace streamkit::push
