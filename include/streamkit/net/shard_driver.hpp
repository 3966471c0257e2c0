#pragma once

// What an event loop knows of the drivers that live on it.

namespace streamkit::net {

class ShardState;

/// A driver that its shard owns while it is open, and wakes for other threads.
class ShardDriver {
protected:
    ShardDriver() = default;
    ~ShardDriver() = default;  // owned through `shared_ptr`s to the driver itself
    ShardDriver(const ShardDriver&) = delete;
    ShardDriver& operator=(const ShardDriver&) = delete;

private:
    friend class ShardState;
    /// Somebody asked for it on another thread, some time ago.
    virtual void on_posted_wake() = 0;
    /// The event loop is at its end: lets go of the handler without calling it.
    virtual void abandon() = 0;
};

}  // namespace streamkit::net
