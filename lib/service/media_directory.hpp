#pragma once

// The copy of the segments and manifests on disk.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "streamkit/base/log.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/base/shared_buffer.hpp"

namespace streamkit {

/// Writes files on a thread of its own, so that a slow disk delays nobody: in the order they were
/// given, each under another name first and then renamed, so that no reader sees half a file.
///
/// Never lists what is not there: while an object of a folder could not be written, and until it
/// has been removed, no manifest of that folder is written. When the disk falls too far behind,
/// objects count as not written.
class MediaDirectory {
public:
    MediaDirectory(std::filesystem::path root, Logger log);
    /// Writes what is still queued.
    ~MediaDirectory();
    MediaDirectory(const MediaDirectory&) = delete;
    MediaDirectory& operator=(const MediaDirectory&) = delete;

    /// Makes the folder and removes what an earlier run left: manifests, init and media segments
    /// and half-written files, but no other file, `.gitkeep` among them.
    ///
    /// @return an error of the file system
    Result<void> start();

    /// @param folder  below the root: "live/app"
    void write_object(std::string folder, std::string name, std::vector<SharedBuffer> slices);
    void remove_object(std::string folder, std::string name);
    void write_manifest(std::string folder, std::string name, SharedBuffer body);

private:
    struct Job {
        enum class Kind { write_object, remove_object, write_manifest };
        Kind kind;
        std::string folder;
        std::string name;
        std::vector<SharedBuffer> slices;
    };

    void push(Job job);
    void run();
    void execute(const Job& job);
    [[nodiscard]] std::error_code write_file(const Job& job) const;

    std::filesystem::path root_;
    Logger log_;
    std::set<std::string> missing_;  // folder/name of objects that could not be written

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Job> jobs_;
    std::size_t queued_bytes_ = 0;
    bool ending_ = false;
    std::thread thread_;
};

}  // namespace streamkit
