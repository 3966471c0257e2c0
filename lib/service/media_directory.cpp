#include "media_directory.hpp"

#include <string_view>
#include <utility>

#include "atomic_file.hpp"

namespace streamkit {
namespace {

namespace fs = std::filesystem;

/// What may wait for a slow disk; beyond it objects count as not written.
constexpr std::size_t kMaxQueuedBytes = 256U << 20;

/// Is it a name that we write ourselves?
bool is_ours(std::string_view name) {
    return name == "manifest.mpd" || name == "live-manifest.mpd" || name.ends_with(".m4s") ||
           name.ends_with(kUnfinishedSuffix) ||
           (name.starts_with("init-") && name.ends_with(".mp4"));
}

}  // namespace

MediaDirectory::MediaDirectory(std::filesystem::path root, Logger log)
    : root_(std::move(root)), log_(std::move(log)) {}

MediaDirectory::~MediaDirectory() {
    {
        const std::lock_guard lock{mutex_};
        ending_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
}

Result<void> MediaDirectory::start() {
    std::error_code code;
    fs::create_directories(root_, code);
    if (code) return Error{code, "create media folder"};
    std::vector<fs::path> old;
    for (fs::recursive_directory_iterator it{root_, code}, end; !code && it != end;
         it.increment(code)) {
        if (it->is_regular_file(code) && is_ours(it->path().filename().string())) {
            old.push_back(it->path());
        }
    }
    if (code) return Error{code, "read media folder"};
    for (const auto& path : old) {
        fs::remove(path, code);
        if (code) return Error{code, "clean media folder"};
    }
    if (!old.empty()) log_.info("removed the last run's files", {{"files", old.size()}});
    thread_ = std::thread{[this] { run(); }};
    return {};
}

void MediaDirectory::write_object(std::string folder, std::string name,
                                  std::vector<SharedBuffer> slices) {
    push({Job::Kind::write_object, std::move(folder), std::move(name), std::move(slices)});
}

void MediaDirectory::remove_object(std::string folder, std::string name) {
    push({Job::Kind::remove_object, std::move(folder), std::move(name), {}});
}

void MediaDirectory::write_manifest(std::string folder, std::string name, SharedBuffer body) {
    push({Job::Kind::write_manifest, std::move(folder), std::move(name), {std::move(body)}});
}

void MediaDirectory::push(Job job) {
    {
        const std::lock_guard lock{mutex_};
        for (const auto& slice : job.slices)
            queued_bytes_ += slice.size();
        jobs_.push_back(std::move(job));
    }
    changed_.notify_one();
}

void MediaDirectory::run() {
    for (;;) {
        Job job;
        bool overloaded = false;
        {
            std::unique_lock lock{mutex_};
            changed_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
            if (jobs_.empty()) return;
            overloaded = queued_bytes_ > kMaxQueuedBytes;
            job = std::move(jobs_.front());
            jobs_.pop_front();
            for (const auto& slice : job.slices)
                queued_bytes_ -= slice.size();
        }
        if (overloaded && job.kind == Job::Kind::write_object) {
            missing_.insert(job.folder + "/" + job.name);
            log_.error("disk too slow, file left out",
                       {{"folder", job.folder}, {"file", job.name}});
            continue;
        }
        execute(job);
    }
}

void MediaDirectory::execute(const Job& job) {
    const auto key = job.folder + "/" + job.name;
    switch (job.kind) {
        case Job::Kind::remove_object: {
            std::error_code ignored;  // it may be gone already, or never have been written
            fs::remove(root_ / job.folder / job.name, ignored);
            missing_.erase(key);
            return;
        }
        case Job::Kind::write_object:
            if (const auto code = write_file(job)) {
                missing_.insert(key);
                log_.error("file not written, its folder's manifests wait",
                           {{"file", key}, {"reason", code.message()}});
            }
            return;
        case Job::Kind::write_manifest: {
            const auto folder = job.folder + "/";
            const auto first = missing_.lower_bound(folder);
            if (first != missing_.end() && first->starts_with(folder)) return;
            if (const auto code = write_file(job)) {
                log_.error("manifest not written", {{"file", key}, {"reason", code.message()}});
            }
            return;
        }
    }
}

std::error_code MediaDirectory::write_file(const Job& job) const {
    return write_file_atomically(root_ / job.folder / job.name, job.slices);
}

}  // namespace streamkit
