// What packaging a file as DASH costs, beside `ffmpeg -c copy -f dash` on the same file in the same
// run. Prints one JSON line a case.
//
//     bench_dash_packaging FILE.flv [RUNS]
//
// CPU time is user plus system of a whole process, reading and writing included; the runs alternate,
// and the smallest of each side counts, because everything else that runs here only adds. Both sides
// are programs that are started anew, and what starting costs is measured and taken away: FFmpeg's
// many libraries take longer to load than a minute of media takes to package.

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "streamkit/service/dash_files.hpp"
#include "streamkit/service/file_reader.hpp"

namespace {

namespace fs = std::filesystem;

double cpu_seconds(const rusage& usage) {
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// CPU seconds of a child process that runs `job`, or a negative number if it failed.
template <class Job>
double measure(Job job) {
    const auto child = ::fork();
    if (child < 0) return -1;
    if (child == 0) ::_exit(job());
    int status = 0;
    rusage usage{};
    ::wait4(child, &status, 0, &usage);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? cpu_seconds(usage) : -1;
}

int package_with_streamkit(const std::string& file, const fs::path& output) {
    auto source = streamkit::FileReader::open(file);
    if (!source) {
        std::fprintf(stderr, "%s\n", source.error().message().c_str());
        return 1;
    }
    streamkit::DashFiles packager{{.output = output}};
    if (const auto done = streamkit::copy(*source, packager); !done) {
        std::fprintf(stderr, "%s\n", done.error().message().c_str());
        return 1;
    }
    return 0;
}

/// Becomes another program; comes back only where there is none.
int become(const std::vector<std::string>& words) {
    std::vector<char*> arguments;
    for (const auto& word : words)
        arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const int null = ::open("/dev/null", O_WRONLY);
    ::dup2(null, STDOUT_FILENO);
    ::execvp(arguments.front(), arguments.data());
    return 1;
}

/// The commands of one side: the whole job, and one that only starts.
struct Side {
    std::vector<std::string> package;
    std::vector<std::string> start;
    double package_s = std::numeric_limits<double>::infinity();
    double start_s = std::numeric_limits<double>::infinity();

    [[nodiscard]] double work_s() const { return package_s - start_s; }
};

}  // namespace

int main(int argc, char** argv) {
    if (argc == 2 && std::string_view{argv[1]} == "--start-only") return 0;
    if (argc == 4 && std::string_view{argv[1]} == "--package") {
        return package_with_streamkit(argv[2], argv[3]);
    }
    if (argc < 2) {
        std::fprintf(stderr, "usage: bench_dash_packaging FILE.flv [RUNS]\n");
        return 2;
    }
    const std::string file = argv[1];
    const int runs = argc > 2 ? std::max(1, std::atoi(argv[2])) : 5;
    auto pattern = (fs::temp_directory_path() / "streamkit-bench-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) return 1;
    const fs::path output = pattern;

    Side sides[] = {
        {{"/proc/self/exe", "--package", file, output}, {"/proc/self/exe", "--start-only"}},
        {{"ffmpeg", "-v", "error", "-y", "-nostdin", "-i", file, "-c", "copy", "-f", "dash",
          "-seg_duration", "2", output / "manifest.mpd"},
         {"ffmpeg", "-v", "error", "-version"}},
    };
    bool failed = false;
    for (int run = 0; run < runs && !failed; ++run) {
        for (auto& side : sides) {
            fs::remove_all(output);
            fs::create_directories(output);
            const auto start = measure([&] { return become(side.start); });
            const auto package = measure([&] { return become(side.package); });
            failed = failed || start < 0 || package < 0;
            side.start_s = std::min(side.start_s, start);
            side.package_s = std::min(side.package_s, package);
        }
    }
    fs::remove_all(output);
    if (failed) return 1;
    const auto& [ours, theirs] = sides;
    std::printf(
        "{\"case\":\"package a file as DASH\",\"runs\":%d,\"streamkit_cpu_s\":%.4f,"
        "\"streamkit_start_s\":%.4f,\"ffmpeg_cpu_s\":%.4f,\"ffmpeg_start_s\":%.4f,"
        "\"ratio_whole\":%.3f,\"ratio\":%.3f,\"bar\":0.5}\n",
        runs, ours.package_s, ours.start_s, theirs.package_s, theirs.start_s,
        ours.package_s / theirs.package_s, ours.work_s() / theirs.work_s());
    return 0;
}
