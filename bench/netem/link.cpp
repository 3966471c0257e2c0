// An emulated link: joins two network namespaces through two TUN devices.
//
//     ip netns add A; ip netns add B          (as root; run_link does all of it)
//     netem_link A B [key=value ...]          until SIGINT or SIGTERM; counters go to stdout as JSON
//
// Side A gets 10.77.0.1/24 (fd77::1), side B 10.77.0.2/24 (fd77::2), device `emu0` on each side.
// A key holds for both directions; with the prefix `ab.` or `ba.` for one of them.
//
//   delay=MS          one-way propagation delay                              (0)
//   jitter=MS         added delay, uniform in [0,MS]                         (0)
//   jdist=uniform|exp exp: exponential with mean MS, cut at 8*MS             (uniform)
//   reorder=0|1       1: jitter may reorder packets; 0: their order is kept  (0)
//   spike=P:MS        with probability P one packet is held MS longer (may reorder)
//   loss=P            independent loss probability (0.01 or 1%), behind the bottleneck, so that a lost
//                     packet has used link time
//   ge=P,R[,LB[,LG]]  Gilbert-Elliott, per packet: good->bad with P, bad->good with R, loss LB in bad
//                     (1), LG in good (0); mean loss P/(P+R)*LB, mean burst 1/R packets
//   rate=MBIT[,T:MBIT...]  link rate (IP bytes, plus `ohead` per packet), and what it is from T seconds
//                     on; 0: unlimited                                       (0)
//   queue=MS          drop-tail limit as milliseconds at the current rate    (100)
//   qbytes=N          drop-tail limit in bytes (wins over queue)
//   ohead=N           bytes added to each packet's size for the rate         (0)
//   dup=P             duplication
//   corrupt=P         one random bit of the transport's payload is flipped
//   fixsum=0|1        1: corrupted UDP packets get checksum 0, so that the application sees them
//   seed=N            of all randomness; both directions derive from it      (1)
//   mtu=N             of both devices                                        (1500)
//   trace=FILE        every `tick` ms (100): time, per direction queue ms, Mbit/s in and out
//   rt=0|1            SCHED_FIFO                                             (1)
//
// One thread, one clock. What the scheduler adds to a packet's way is in the counters ("late_us"), and
// so are the packets of each flow (protocol and both ports).

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <queue>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using std::chrono::nanoseconds;
using Milliseconds = std::chrono::duration<double, std::milli>;
using Seconds = std::chrono::duration<double>;

volatile std::sig_atomic_t stop_wanted = 0;

[[noreturn]] void die(const std::string& what) {
    std::fprintf(stderr, "netem_link: %s: %s\n", what.c_str(), std::strerror(errno));
    std::exit(1);
}

nanoseconds from_ms(double ms) { return std::chrono::duration_cast<nanoseconds>(Milliseconds(ms)); }

/// splitmix64: small, seeded, good enough for a process of losses.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15U;
        auto z = state_;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31);
    }
    double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
    bool hit(double probability) { return probability > 0 && uniform() < probability; }

private:
    std::uint64_t state_;
};

struct Packet {
    Time due;
    std::uint64_t number;  // of those that entered: packets due at once keep their order
    std::vector<std::uint8_t> bytes;
};

struct Later {
    bool operator()(const Packet& a, const Packet& b) const {
        return a.due != b.due ? a.due > b.due : a.number > b.number;
    }
};

struct Settings {
    nanoseconds delay{0};
    nanoseconds jitter{0};
    bool exponential_jitter = false;
    bool reorder = false;
    double spike = 0;
    nanoseconds spike_length{0};
    double loss = 0;
    std::array<double, 4> gilbert_elliott{0, 1, 1, 0};  // P, R, LB, LG
    double duplicate = 0;
    double corrupt = 0;
    bool clear_checksum = false;
    struct Rate {
        double from_s = 0;
        double mbit = 0;
    };
    std::vector<Rate> rates{{}};
    double queue_ms = 100;
    double queue_bytes = -1;  // below 0: queue_ms counts
    std::size_t overhead = 0;
};

// The command line

double number(const std::string& text) { return std::atof(text.c_str()); }

double probability(const std::string& text) {
    return text.find('%') == std::string::npos ? number(text) : number(text) / 100;
}

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    for (std::size_t at = 0; at <= text.size();) {
        const auto end = std::min(text.find(separator, at), text.size());
        parts.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return parts;
}

bool apply(Settings& s, const std::string& key, const std::string& value) {
    if (key == "delay") {
        s.delay = from_ms(number(value));
    } else if (key == "jitter") {
        s.jitter = from_ms(number(value));
    } else if (key == "jdist") {
        s.exponential_jitter = value == "exp";
    } else if (key == "reorder") {
        s.reorder = value == "1";
    } else if (key == "loss") {
        s.loss = probability(value);
    } else if (key == "dup") {
        s.duplicate = probability(value);
    } else if (key == "corrupt") {
        s.corrupt = probability(value);
    } else if (key == "fixsum") {
        s.clear_checksum = value == "1";
    } else if (key == "queue") {
        s.queue_ms = number(value);
    } else if (key == "qbytes") {
        s.queue_bytes = number(value);
    } else if (key == "ohead") {
        s.overhead = static_cast<std::size_t>(number(value));
    } else if (key == "spike") {
        const auto parts = split(value, ':');
        if (parts.size() != 2) return false;
        s.spike = probability(parts[0]);
        s.spike_length = from_ms(number(parts[1]));
    } else if (key == "ge") {
        const auto parts = split(value, ',');
        if (parts.size() < 2 || parts.size() > s.gilbert_elliott.size()) return false;
        for (std::size_t i = 0; i < parts.size(); ++i)
            s.gilbert_elliott[i] = probability(parts[i]);
    } else if (key == "rate") {
        s.rates.clear();
        for (const auto& part : split(value, ',')) {
            const auto fields = split(part, ':');
            if (fields.size() > 2) return false;
            const auto from = fields.size() == 2 ? number(fields[0]) : 0.0;
            s.rates.push_back({from, number(fields.back())});
        }
    } else {
        return false;
    }
    return true;
}

struct Options {
    std::array<Settings, 2> directions{};  // A to B, B to A
    int mtu = 1500;
    std::chrono::milliseconds tick{100};
    std::uint64_t seed = 1;
    bool realtime = true;
    std::string trace{};
};

bool apply(Options& options, const std::string& key, const std::string& value) {
    if (key == "mtu") {
        options.mtu = std::atoi(value.c_str());
    } else if (key == "seed") {
        options.seed = std::strtoull(value.c_str(), nullptr, 10);
    } else if (key == "trace") {
        options.trace = value;
    } else if (key == "tick") {
        options.tick = std::chrono::milliseconds(std::max(1, std::atoi(value.c_str())));
    } else if (key == "rt") {
        options.realtime = value == "1";
    } else if (key.starts_with("ab.")) {
        return apply(options.directions[0], key.substr(3), value);
    } else if (key.starts_with("ba.")) {
        return apply(options.directions[1], key.substr(3), value);
    } else {
        return apply(options.directions[0], key, value) && apply(options.directions[1], key, value);
    }
    return true;
}

// One direction of the link

/// The headers of an IP packet, as far as they matter here.
struct Headers {
    int protocol = 0;
    std::size_t transport_offset = 0;
    int source_port = 0;
    int destination_port = 0;

    explicit Headers(std::span<const std::uint8_t> packet) {
        if (packet.size() >= 20 && packet[0] >> 4 == 4) {
            transport_offset = static_cast<std::size_t>(packet[0] & 15) * 4;
            protocol = packet[9];
        } else if (packet.size() >= 40 && packet[0] >> 4 == 6) {
            transport_offset = 40;
            protocol = packet[6];
        }
        const auto at = transport_offset;
        if ((protocol == IPPROTO_TCP || protocol == IPPROTO_UDP) && packet.size() >= at + 4) {
            source_port = packet[at] << 8 | packet[at + 1];
            destination_port = packet[at + 2] << 8 | packet[at + 3];
        }
    }
};

struct Flow {
    std::uint64_t in_packets = 0, in_bytes = 0, out_packets = 0, out_bytes = 0;
    std::uint64_t dropped_by_queue = 0, dropped_by_loss = 0;
};
using FlowKey = std::tuple<int, int, int>;  // protocol, source port, destination port

struct Counters {
    std::uint64_t in_packets = 0, in_bytes = 0, out_packets = 0, out_bytes = 0;
    std::uint64_t dropped_by_queue = 0, dropped_by_loss = 0;
    std::uint64_t duplicated = 0, corrupted = 0, reordered = 0, write_errors = 0;
    std::vector<float> queue_ms;  // that each packet which was taken has met
    std::vector<float> late_us;
    std::map<FlowKey, Flow> flows;
    std::uint64_t in_bytes_of_tick = 0, out_bytes_of_tick = 0;
};

class Direction {
public:
    Direction(Settings settings, std::uint64_t seed)
        : settings_(std::move(settings)), random_(seed) {}

    void start(Time now) { start_ = link_free_ = now; }

    /// A packet has come to the near end.
    void take(Time now, std::span<std::uint8_t> packet) {
        const Headers headers(packet);
        auto& flow =
            counters_.flows[{headers.protocol, headers.source_port, headers.destination_port}];
        ++counters_.in_packets;
        counters_.in_bytes += packet.size();
        counters_.in_bytes_of_tick += packet.size();
        ++flow.in_packets;
        flow.in_bytes += packet.size();

        auto departure = now;
        if (const auto mbit = rate(now); mbit > 0) {
            const auto ns_per_byte = 8000.0 / mbit;
            const auto backlog = std::max(nanoseconds{0}, nanoseconds(link_free_ - now));
            const auto limit = settings_.queue_bytes >= 0 ? settings_.queue_bytes * ns_per_byte
                                                          : settings_.queue_ms * 1e6;
            const nanoseconds length{static_cast<std::int64_t>(
                static_cast<double>(packet.size() + settings_.overhead) * ns_per_byte)};
            // An empty queue takes one packet of any length.
            if (backlog.count() > 0 && static_cast<double>((backlog + length).count()) > limit) {
                ++counters_.dropped_by_queue;
                ++flow.dropped_by_queue;
                return;
            }
            counters_.queue_ms.push_back(static_cast<float>(Milliseconds(backlog).count()));
            departure = link_free_ = std::max(now, link_free_) + length;
        }
        if (lost()) {
            ++counters_.dropped_by_loss;
            ++flow.dropped_by_loss;
            return;
        }
        ++flow.out_packets;
        flow.out_bytes += packet.size();
        if (random_.hit(settings_.corrupt)) corrupt(packet, headers);
        enter(departure, packet);
        if (random_.hit(settings_.duplicate)) {
            ++counters_.duplicated;
            enter(departure, packet);
        }
    }

    /// Writes what is due to the far end.
    void deliver(Time now, int fd) {
        while (!under_way_.empty() && under_way_.top().due <= now) {
            const auto& packet = under_way_.top();
            if (packet.number < last_delivered_) ++counters_.reordered;
            last_delivered_ = std::max(last_delivered_, packet.number);
            counters_.late_us.push_back(
                static_cast<float>(Milliseconds(now - packet.due).count() * 1e3));
            if (::write(fd, packet.bytes.data(), packet.bytes.size()) < 0) ++counters_.write_errors;
            ++counters_.out_packets;
            counters_.out_bytes += packet.bytes.size();
            counters_.out_bytes_of_tick += packet.bytes.size();
            under_way_.pop();
            now = Clock::now();
        }
    }

    [[nodiscard]] Time next_delivery(Time otherwise) const {
        return under_way_.empty() ? otherwise : std::min(otherwise, under_way_.top().due);
    }
    [[nodiscard]] double backlog_ms(Time now) const {
        return std::max(0.0, Milliseconds(link_free_ - now).count());
    }
    [[nodiscard]] Counters& counters() { return counters_; }

private:
    [[nodiscard]] double rate(Time now) const {
        const auto elapsed = Seconds(now - start_).count();
        double mbit = 0;
        for (const auto& step : settings_.rates) {
            if (elapsed >= step.from_s) mbit = step.mbit;
        }
        return mbit;
    }

    bool lost() {
        bool lost = random_.hit(settings_.loss);
        const auto& [to_bad, to_good, loss_in_bad, loss_in_good] = settings_.gilbert_elliott;
        if (to_bad <= 0) return lost;
        bad_ = bad_ ? !random_.hit(to_good) : random_.hit(to_bad);
        if (!lost) lost = random_.hit(bad_ ? loss_in_bad : loss_in_good);
        return lost;
    }

    void corrupt(std::span<std::uint8_t> packet, const Headers& headers) {
        const auto payload =
            headers.transport_offset + (headers.protocol == IPPROTO_TCP ? 20U : 8U);
        if (packet.size() <= payload) return;
        const auto at = payload + random_.next() % (packet.size() - payload);
        packet[at] = static_cast<std::uint8_t>(packet[at] ^ 1U << (random_.next() & 7));
        if (settings_.clear_checksum && headers.protocol == IPPROTO_UDP && packet[0] >> 4 == 4) {
            packet[headers.transport_offset + 6] = packet[headers.transport_offset + 7] = 0;
        }
        ++counters_.corrupted;
    }

    nanoseconds jitter() {
        const auto most = static_cast<double>(settings_.jitter.count());
        const auto drawn = settings_.exponential_jitter
                               ? std::min(-std::log(1 - random_.uniform()) * most, 8 * most)
                               : random_.uniform() * most;
        return nanoseconds{static_cast<std::int64_t>(drawn)};
    }

    void enter(Time departure, std::span<const std::uint8_t> packet) {
        auto due = departure + settings_.delay;
        if (settings_.jitter.count() > 0) due += jitter();
        const bool held = random_.hit(settings_.spike);
        if (held) due += settings_.spike_length;
        if (!settings_.reorder && !held) due = std::max(due, last_due_);
        if (!held) last_due_ = std::max(last_due_, due);
        under_way_.push({due, entered_++, {packet.begin(), packet.end()}});
    }

    Settings settings_;
    Random random_;
    bool bad_ = false;  // the state of the Gilbert-Elliott model
    Time start_{};
    Time link_free_{};
    Time last_due_{};
    std::uint64_t entered_ = 0;
    std::uint64_t last_delivered_ = 0;
    std::priority_queue<Packet, std::vector<Packet>, Later> under_way_;
    Counters counters_;
};

// The system

void run_command(const std::string& command) {
    if (std::system(command.c_str()) != 0) {
        std::fprintf(stderr, "netem_link: failed: %s\n", command.c_str());
    }
}

/// Moves this process into the namespace and makes the device there.
int open_device(const std::string& name_space, const std::string& v4, const std::string& v6,
                int mtu) {
    const int handle = ::open(("/run/netns/" + name_space).c_str(), O_RDONLY | O_CLOEXEC);
    if (handle < 0) die("namespace " + name_space);
    if (::setns(handle, CLONE_NEWNET) < 0) die("setns");
    ::close(handle);
    const int fd = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) die("/dev/net/tun");
    ifreq request{};
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    std::snprintf(request.ifr_name, IFNAMSIZ, "emu0");
    if (::ioctl(fd, TUNSETIFF, &request) < 0) die("TUNSETIFF");
    run_command("ip link set lo up");
    run_command("ip link set emu0 mtu " + std::to_string(mtu) + " txqueuelen 20000 up");
    run_command("ip addr add " + v4 + "/24 dev emu0");
    run_command("ip -6 addr add " + v6 + "/64 dev emu0 nodad 2>/dev/null");
    return fd;
}

/// Packets are to leave when they are due, whatever else this machine does.
void claim_the_processor(bool realtime) {
    ::prctl(PR_SET_TIMERSLACK, 1);
    if (!realtime) return;
    sched_param parameters{};
    parameters.sched_priority = 10;
    ::sched_setscheduler(0, SCHED_FIFO, &parameters);
}

/// @return the mask to wait with: the signals that end the program come only there
sigset_t catch_signals() {
    struct sigaction action {};
    action.sa_handler = [](int) { stop_wanted = 1; };
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
    sigset_t blocked;
    sigset_t before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &blocked, &before);
    return before;
}

class Trace {
public:
    Trace(const std::string& file, std::chrono::milliseconds tick, Time start)
        : tick_(tick), start_(start), next_(start + tick) {
        if (file.empty()) return;
        file_.reset(std::fopen(file.c_str(), "w"));
        if (!file_) die(file);
        std::fprintf(file_.get(),
                     "# s  ab:queue_ms in_mbit out_mbit  ba:queue_ms in_mbit out_mbit\n");
    }

    void write(Time now, std::array<Direction, 2>& directions) {
        if (!file_ || now < next_) return;
        std::fprintf(file_.get(), "%.3f", Seconds(next_ - start_).count());
        const auto mbit = [this](std::uint64_t& bytes) {
            return static_cast<double>(std::exchange(bytes, 0)) * 8e-6 / Seconds(tick_).count();
        };
        for (auto& direction : directions) {
            auto& counters = direction.counters();
            const auto in = mbit(counters.in_bytes_of_tick);
            const auto out = mbit(counters.out_bytes_of_tick);
            std::fprintf(file_.get(), "  %.2f %.2f %.2f", direction.backlog_ms(now), in, out);
        }
        std::fputc('\n', file_.get());
        next_ += tick_;
    }
    [[nodiscard]] Time next(Time otherwise) const {
        return file_ ? std::min(otherwise, next_) : otherwise;
    }

private:
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    std::chrono::milliseconds tick_;
    Time start_;
    Time next_;
    std::unique_ptr<std::FILE, Close> file_;
};

void run(std::array<Direction, 2>& directions, const std::array<int, 2>& devices, Trace& trace,
         const sigset_t& mask) {
    constexpr std::chrono::milliseconds kLongestWait{200};
    constexpr int kPacketsPerTurn = 32;
    std::array<std::uint8_t, 65536> buffer;
    while (stop_wanted == 0) {
        const auto now = Clock::now();
        auto wake = now + std::chrono::duration_cast<nanoseconds>(kLongestWait);
        for (std::size_t i = 0; i < 2; ++i) {
            directions[i].deliver(now, devices[1 - i]);
            wake = directions[i].next_delivery(wake);
        }
        trace.write(now, directions);
        wake = trace.next(wake);

        pollfd polled[2] = {{devices[0], POLLIN, 0}, {devices[1], POLLIN, 0}};
        const auto wait = std::max(nanoseconds{0}, nanoseconds(wake - Clock::now())).count();
        const timespec timeout{wait / 1'000'000'000, wait % 1'000'000'000};
        if (::ppoll(polled, 2, &timeout, &mask) <= 0) continue;
        for (std::size_t i = 0; i < 2; ++i) {
            if ((polled[i].revents & POLLIN) == 0) continue;
            for (int turn = 0; turn < kPacketsPerTurn; ++turn) {
                const auto n = ::read(devices[i], buffer.data(), buffer.size());
                if (n <= 0) break;
                const auto size = static_cast<std::size_t>(n);
                if (size >= 20) directions[i].take(Clock::now(), std::span(buffer).first(size));
            }
        }
    }
}

// The counters

double percentile(std::vector<float>& values, double p) {
    if (values.empty()) return 0;
    const auto index = std::min(values.size() - 1,
                                static_cast<std::size_t>(p * static_cast<double>(values.size())));
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(index),
                     values.end());
    return static_cast<double>(values[index]);
}

double mean(const std::vector<float>& values) {
    double sum = 0;
    for (const float value : values)
        sum += static_cast<double>(value);
    return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

void print(const char* name, Counters& c) {
    const auto n = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
    std::printf(
        ",\n\"%s\":{\"in_pkts\":%llu,\"in_bytes\":%llu,\"out_pkts\":%llu,\"out_bytes\":%llu,"
        "\"drop_queue\":%llu,\"drop_loss\":%llu,\"dup\":%llu,\"corrupt\":%llu,\"reordered\":%llu,"
        "\"write_err\":%llu,\"queue_ms\":{\"mean\":%.2f,\"p50\":%.2f,\"p95\":%.2f,\"max\":%.2f},"
        "\"late_us\":{\"p50\":%.1f,\"p99\":%.1f,\"max\":%.1f},\"flows\":[",
        name, n(c.in_packets), n(c.in_bytes), n(c.out_packets), n(c.out_bytes),
        n(c.dropped_by_queue), n(c.dropped_by_loss), n(c.duplicated), n(c.corrupted),
        n(c.reordered), n(c.write_errors), mean(c.queue_ms), percentile(c.queue_ms, .5),
        percentile(c.queue_ms, .95), percentile(c.queue_ms, 1), percentile(c.late_us, .5),
        percentile(c.late_us, .99), percentile(c.late_us, 1));
    const char* separator = "";
    for (const auto& [key, f] : c.flows) {
        std::printf(
            "%s\n {\"proto\":%d,\"sport\":%d,\"dport\":%d,\"in_pkts\":%llu,\"in_bytes\":%llu,"
            "\"out_pkts\":%llu,\"out_bytes\":%llu,\"drop_queue\":%llu,\"drop_loss\":%llu}",
            separator, std::get<0>(key), std::get<1>(key), std::get<2>(key), n(f.in_packets),
            n(f.in_bytes), n(f.out_packets), n(f.out_bytes), n(f.dropped_by_queue),
            n(f.dropped_by_loss));
        separator = ",";
    }
    std::printf("]}");
}

double cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: netem_link NAMESPACE_A NAMESPACE_B [key=value ...]\n");
        return 2;
    }
    Options options;
    for (int i = 3; i < argc; ++i) {
        const std::string word = argv[i];
        const auto equals = word.find('=');
        if (equals == std::string::npos ||
            !apply(options, word.substr(0, equals), word.substr(equals + 1))) {
            std::fprintf(stderr, "netem_link: bad setting %s\n", argv[i]);
            return 2;
        }
    }
    const auto seed = options.seed * 2654435761U;
    std::array<Direction, 2> directions{Direction(options.directions[0], seed + 1),
                                        Direction(options.directions[1], seed + 0x5bd1e995U)};
    const std::array<int, 2> devices{open_device(argv[1], "10.77.0.1", "fd77::1", options.mtu),
                                     open_device(argv[2], "10.77.0.2", "fd77::2", options.mtu)};
    claim_the_processor(options.realtime);
    const auto mask = catch_signals();
    const auto start = Clock::now();
    for (auto& direction : directions)
        direction.start(start);
    {
        Trace trace(options.trace, options.tick, start);
        std::fprintf(stderr, "netem_link: ready\n");
        run(directions, devices, trace, mask);
    }
    std::printf("{\"seconds\":%.3f,\"cpu_s\":%.3f", Seconds(Clock::now() - start).count(),
                cpu_seconds());
    print("ab", directions[0].counters());
    print("ba", directions[1].counters());
    std::printf("}\n");
    return 0;
}
