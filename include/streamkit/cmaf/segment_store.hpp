#pragma once

// The init and media segments of one stream, in memory, by file name.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/base/time.hpp"

namespace streamkit::cmaf {

/// One file; never changes, so it can be sent from any thread.
struct StoredObject {
    std::string name;                  ///< "P-1-60000.m4s"
    std::string_view content_type;     ///< a literal: "video/mp4", "audio/mp4"
    std::vector<SharedBuffer> slices;  ///< the bytes, in order; media is not copied into one run
    std::uint64_t size = 0;            ///< of all slices
    std::string etag;                  ///< strong, with its quotes; names are never used again
    WallTime created;
};

/// A map from names to immutable objects.
///
/// May be used from any thread. The packager of a stream writes, HTTP reads, and observers copy to
/// disk.
class SegmentStore {
public:
    using Object = std::shared_ptr<const StoredObject>;  ///< shared with every answer that sends it
    enum class Change : std::uint8_t { added, removed };
    /// Called after the change, without a lock held, on the thread that made it: it may call back
    /// into the store. An object is added before any manifest names it.
    using Observer = std::function<void(Change, const Object&)>;
    using ObserverId = std::uint64_t;

    SegmentStore() = default;
    SegmentStore(const SegmentStore&) = delete;
    SegmentStore& operator=(const SegmentStore&) = delete;

    /// Adds an object; one of the same name is replaced (and reported as removed).
    void put(Object object);
    /// @return whether there was one
    bool remove(std::string_view name);
    /// The object, or null.
    [[nodiscard]] Object find(std::string_view name) const;

    /// Adds a segment and, in the same moment, names the one that its track makes next.
    ///
    /// @param track_prefix  which track: the `media_prefix` of its snapshot
    /// @param next_name     "" when the track has ended
    void put_segment(Object object, std::string_view track_prefix, std::string next_name);
    /// Names the segment that a live track makes at present.
    void set_next_segment(std::string_view track_prefix, std::string next_name);
    /// Whether `name` is exactly the segment that some live track makes at present: what a request
    /// may be held for. Once it is complete, the observers get it under exactly this name.
    ///
    /// Ask this first and `find` after it: the other order misses a segment that is completed in
    /// between.
    [[nodiscard]] bool is_next_segment(std::string_view name) const;

    /// Objects that are there when the observer is added are not reported.
    ObserverId observe(Observer observer);
    /// After it returns no new call begins; one on another thread may still be running.
    void forget(ObserverId id);

    [[nodiscard]] std::size_t object_count() const;
    [[nodiscard]] std::uint64_t total_bytes() const;

private:
    struct Watcher {
        ObserverId id;
        std::shared_ptr<const Observer> call;  // shared with a call that is running
    };
    Object insert(const Object& object);  // gives out what it replaces
    void set_next(std::string_view track_prefix, std::string next_name);
    void notify(Change change, const Object& object);

    mutable std::mutex mutex_;
    std::map<std::string, Object, std::less<>> objects_;
    std::map<std::string, std::string, std::less<>> next_segments_;  // by track prefix
    std::vector<Watcher> watchers_;
    ObserverId last_observer_ = 0;
    std::uint64_t total_bytes_ = 0;
};

}  // namespace streamkit::cmaf
