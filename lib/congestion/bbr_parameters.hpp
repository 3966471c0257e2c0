#pragma once

// The numbers of BBR: those of draft-ietf-ccwg-bbr by their names there, then those of ours.

#include <chrono>
#include <cstdint>

#include "streamkit/congestion/bandwidth.hpp"

namespace streamkit::congestion::bbr {

using std::chrono::milliseconds;
using std::chrono::seconds;

// draft-ietf-ccwg-bbr, 2.4 to 2.14 and the sections of the states.
inline constexpr double kPacingMargin = 0.99;  // BBRPacingMarginPercent: 1
inline constexpr double kStartupPacingGain = 2.77;
inline constexpr double kDrainPacingGain = 0.5;
inline constexpr double kDefaultCwndGain = 2;
inline constexpr double kUpPacingGain = 1.25;
inline constexpr double kUpCwndGain = 2.25;
/// The draft has 0.9: a probe's queue would stay for several round trips.
inline constexpr double kDownPacingGain = 0.75;
inline constexpr double kLossThreshold = 0.02;
inline constexpr double kBeta = 0.7;
inline constexpr double kHeadroom = 0.15;
inline constexpr std::uint64_t kStartupFullLossCount = 6;
inline constexpr double kFullBwGrowth = 1.25;
inline constexpr int kFullBwRounds = 3;
inline constexpr Duration kMinRttFilterLength = seconds{10};
inline constexpr Duration kProbeRttInterval = seconds{5};
inline constexpr Duration kProbeRttDuration = milliseconds{200};
inline constexpr double kProbeRttCwndGain = 0.5;
inline constexpr int kExtraAckedRounds = 5;  // in each of the two halves of the filter
inline constexpr Duration kProbeWait = seconds{2};
inline constexpr std::uint64_t kProbeWaitSpread = 1000;  // milliseconds
inline constexpr std::uint64_t kMaxRenoRounds = 63;

// Ours: what counts as a queue.
/// A round trip longer than the least one by this part of it, and at least `kQueueFloor`.
inline constexpr int kQueueDivisor = 10;
/// The same for the shortest round trip of a whole round.
inline constexpr int kRoundQueueDivisor = 8;
inline constexpr Duration kQueueFloor = milliseconds{1};
/// A round trip within this part of the least one is as good as the least one.
inline constexpr int kMinRttTolerance = 32;
inline constexpr int kBucketSamples = 8;

// Ours: what loss says.
inline constexpr std::uint64_t kClearMemory = std::uint64_t{1} << 21;  // bytes
inline constexpr double kMaxClearLoss = 0.2;
/// Beyond this, loss is congestion, queue or not: a policer has none.
inline constexpr double kLossWithoutQueue = 0.2;
/// The loss of a window of packets scatters: so many times the usual one is still usual, ...
inline constexpr double kClearLossScatter = 2;
/// ... and so many packets.
inline constexpr std::uint64_t kScatterPackets = 2;

// Ours: when probing ends.
/// Startup ends after so many rounds without growth, if there is a queue.
inline constexpr int kFullBwRoundsWithQueue = 2;
inline constexpr int kMaxDownRounds = 4;
/// ProbeBW_UP gets faster from this round on, while no queue shows.
inline constexpr int kSteadyUpRounds = 2;
inline constexpr double kUpAcceleration = 1.25;
inline constexpr double kMaxUpPacingGain = 2;

// Ours: who shares the queue.
/// While a queue stays in ProbeBW_CRUISE, of the rate that we had when it came.
inline constexpr double kYieldGain = 0.85;
/// A rate below this part of that one: the others take what we leave.
inline constexpr double kTakenFrom = 0.93;
inline constexpr int kRoundsToJudge = 3;
inline constexpr int kMaxYieldRounds = 10;
/// A queue that stayed for so many rounds and went says how much of the path is ours.
inline constexpr int kRoundsToShare = 2;
/// With less than this part of what the model promised, we are not alone.
inline constexpr double kAloneRate = 0.9;
/// What we keep of our share then, if the queue was not of our own probe.
inline constexpr double kShareBeta = 0.9;
inline constexpr int kOwnQueueRounds = 3;
/// Who shares probes so much more often, for equal shares come of that.
inline constexpr int kSharedProbeDivisor = 4;
/// A cruise's first rounds still hear of the losses of what was before it.
inline constexpr int kCruiseSettlingRounds = 3;

// Ours: coexistence.
/// CUBIC has 0.7, and does not give way every few seconds to measure the round trip.
inline constexpr double kCoexistBeta = 0.75;
/// Of what the model has in flight at the round trip at hand.
inline constexpr double kResumeShare = 0.85;
inline constexpr int kCoexistFilterRounds = 16;
/// A neighbour met again within this time is the same one: the window goes on as it was ...
inline constexpr Duration kSameEncounter = seconds{2};
/// ... and within this time it grows back to what it was.
inline constexpr Duration kWindowMemory = seconds{10};
/// Whether he is still there is looked at by ProbeRTT, at first after this time.
inline constexpr Duration kFirstCoexistInterval = milliseconds{2500};

/// Saturates.
[[nodiscard]] constexpr std::uint64_t scaled(std::uint64_t value, double factor) noexcept {
    return Bandwidth::bytes_per_second(value).times(factor).bytes_per_second();
}

}  // namespace streamkit::congestion::bbr
