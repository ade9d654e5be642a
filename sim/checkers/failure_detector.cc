#include "sim/checkers/failure_detector.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/checkers/narration.h"

namespace orrery::sim {
namespace {

using Entry = BeliefLog::Entry;

// A dead member is tried again this often, one of them at a time.
constexpr Duration kDeadInterval = 2 * kSecond;
// Views that differ are compared after this, and then every other interval.
constexpr Duration kViewsDiffer = kSecond;
// A late datagram takes this many times its delay (sim_network.cc); one that
// is doubled may come again so much later.
constexpr int64_t kLateTimes = 64;
constexpr Duration kDoubledLater = 2 * kSecond;
// One that is replayed, or stuck, comes so much later at most (settings.h).
constexpr Duration kReplayedLater = 31 * kSecond;
constexpr Duration kStuckFor = 14 * kSecond;
// A sleep that is this long past a deadline is noticed; one is never far.
constexpr Duration kUnnoticedSleep = kSecond + 500 * kMillisecond;
constexpr Duration kTimersLate = 250 * kMillisecond;

struct Bounds {
  Duration suspect;
  Duration dead;
  // Longest way of a datagram, and of one that another node passes on.
  Duration delay;
  // From the moment at which two nodes and all their ways are clear until each
  // has the other, opinion and evidence, ALIVE.
  Duration settle;
  // Silence is noticed so much later than it begins: what was under way then
  // still arrives, and so does gossip of a refutation before it.
  Duration under_way;
  // A member that is clear was last heard at most this long ago.
  Duration unheard;
};

Bounds BoundsOf(const Evidence& evidence) {
  const EngineOptions& engine = evidence.config.engine;
  const Noise& noise = evidence.noise;
  const bool late = noise.udp_late.num > 0;
  // What does not come in time, or not whole, is as good as lost.
  const bool lossy = late || noise.udp_loss.num > 0 || noise.udp_flip.num > 0 ||
                     noise.udp_cut.num > 0 || noise.udp_tail.num > 0;
  const Duration g = engine.gossip_interval;
  Bounds bounds;
  bounds.suspect = engine.suspect_timeout;
  bounds.dead = engine.dead_timeout;
  bounds.delay = noise.delay.high * (late ? kLateTimes : 1) + noise.tick_grain;
  // Each dead member in turn, three times if one try may be lost; then the
  // accusation to its subject, the refutation back, and to all others by
  // gossip or by comparison of views.
  const auto others =
      static_cast<int64_t>(std::max<uint32_t>(evidence.config.nodes, 2) - 1);
  bounds.settle = kDeadInterval * (others * (lossy ? 3 : 1)) + kViewsDiffer +
                  g * (lossy ? 12 : 4) + bounds.delay * 4 + kTimersLate * 4;
  bounds.under_way = bounds.delay * 2 + kViewsDiffer + g * 2 + kTimersLate * 4;
  if (noise.udp_dup.num > 0) {
    bounds.under_way = bounds.under_way + kDoubledLater;
  }
  if (noise.udp_replay.num > 0) {
    bounds.under_way = bounds.under_way + kReplayedLater;
  }
  if (noise.udp_tail.num > 0) bounds.under_way = bounds.under_way + kStuckFor;
  // One ping per interval, with a jitter of a tenth, and its answer.
  bounds.unheard = g * 11 / 10 + bounds.delay * 2 + kTimersLate;
  if (lossy) bounds.unheard = bounds.unheard + g * 2;
  return bounds;
}

class PairJudge {
 public:
  PairJudge(const Evidence& evidence, const Bounds& bounds, uint32_t observer,
            uint32_t subject, Verdict* verdict)
      : evidence_(evidence),
        bounds_(bounds),
        observer_(observer),
        subject_(subject),
        verdict_(verdict),
        whole_{Instant{}, evidence.ended},
        calm_(Between(evidence.atlas.TroubleOfPair(observer, subject), whole_)),
        clear_(Between(evidence.atlas.TroubleBetween(observer, subject),
                       whole_)) {}

  void Judge() {
    const std::vector<Entry>& entries =
        evidence_.beliefs.Of(observer_, subject_);
    for (size_t i = 0; i < entries.size(); ++i) {
      if (!entries[i].belief.has_value()) continue;
      ++verdict_->checked;
      JudgeHaste(i == 0 ? std::nullopt : entries[i - 1].belief, entries[i]);
    }
    // Whoever hears it believes it alive, whatever a third one says.
    JudgeAccusation(
        entries, clear_, [](const Belief& belief) { return belief.opinion; },
        "holds");
    JudgeAccusation(
        entries, calm_, [](const Belief& belief) { return belief.evidence; },
        "passes on that it holds");
    if (evidence_.config.nodes <= kAllWatchAll) JudgeSilences();
  }

 private:
  void Complain(std::string sentence, Instant at) {
    Report(verdict_, {.oracle = "O13",
                      .property = "failure-detector",
                      .sentence = std::move(sentence),
                      .op = 0,
                      .key = 0,
                      .at = at});
  }

  // The end of the last calm that was long enough for the two to hear each
  // other, and began before `at`.
  std::optional<Instant> SurelyHeardBefore(Instant at) const {
    std::optional<Instant> heard;
    for (const Spell& calm : calm_) {
      const Instant end = std::min(calm.to, at);
      if (calm.from + bounds_.settle <= end) heard = end;
    }
    return heard;
  }

  // The time in which the observer was paused and nothing else was wrong: it
  // must not take its own sleep for the silence of the others.
  Duration SleptThrough(Instant from, Instant to) const {
    Spells wrong = evidence_.atlas.TroubleOf(subject_);
    for (const uint32_t node : {observer_, subject_}) {
      const Spells ways = evidence_.atlas.TroubledWaysOf(node);
      wrong.insert(wrong.end(), ways.begin(), ways.end());
    }
    wrong = United(std::move(wrong));
    Duration slept;
    for (const Spell& pause : evidence_.atlas.PausesOf(observer_)) {
      const Spell inside{std::max(pause.from, from), std::min(pause.to, to)};
      for (const Spell& clear : Between(wrong, inside)) {
        const Duration length = clear.to - clear.from - kUnnoticedSleep;
        if (length.ns > 0) slept = slept + length;
      }
    }
    return slept;
  }

  // Neither opinion nor evidence worsens sooner than the timeouts allow.
  void JudgeHaste(const std::optional<Belief>& before, const Entry& entry) {
    const Belief was = before.value_or(Belief{});
    const MemberState worst =
        std::max(entry.belief->opinion, entry.belief->evidence);
    if (worst <= std::max(was.opinion, was.evidence)) return;
    const std::optional<Instant> heard = SurelyHeardBefore(entry.at);
    if (!heard.has_value()) return;
    const Duration least = worst == MemberState::kSuspect
                               ? bounds_.suspect
                               : bounds_.suspect + bounds_.dead;
    const Duration awake = entry.at - *heard - SleptThrough(*heard, entry.at);
    if (awake + bounds_.unheard >= least) return;
    Complain(NodeText(observer_) + " found " + NodeText(subject_) + " " +
                 std::string(NameOf(worst)) + " at " + SecondsText(entry.at) +
                 ", although the two could hear each other until " +
                 SecondsText(*heard) +
                 (awake < entry.at - *heard ? ", and it slept since." : "."),
             entry.at);
  }

  // Not ALIVE for longer than `settle` of one of the calms.
  template <typename Which>
  void JudgeAccusation(const std::vector<Entry>& entries, const Spells& calms,
                       Which which, std::string_view verb) {
    std::optional<Instant> since;
    MemberState worst = MemberState::kAlive;
    const auto close = [&](Instant until) {
      if (since.has_value()) JudgeAccused(calms, *since, until, worst, verb);
      since.reset();
      worst = MemberState::kAlive;
    };
    for (const Entry& entry : entries) {
      const bool accused = entry.belief.has_value() &&
                           which(*entry.belief) != MemberState::kAlive;
      if (!accused) {
        close(entry.at);
        continue;
      }
      if (!since.has_value()) since = entry.at;
      worst = std::max(worst, which(*entry.belief));
    }
    close(evidence_.ended);
  }

  void JudgeAccused(const Spells& calms, Instant since, Instant until,
                    MemberState worst, std::string_view verb) {
    for (const Spell& calm : calms) {
      const Instant from = std::max(calm.from, since);
      const Instant to = std::min(calm.to, until);
      if (from + bounds_.settle >= to) continue;
      Complain(NodeText(observer_) + " " + std::string(verb) + " " +
                   NodeText(subject_) + " " + std::string(NameOf(worst)) +
                   " from " + SecondsText(since) + " on, still at " +
                   SecondsText(to) +
                   ", although nothing was wrong with either of them since " +
                   SecondsText(calm.from) + ".",
               to);
      return;
    }
  }

  // Does a spell touch that time?
  static bool Covers(const Spells& spells, Instant from, Instant to) {
    for (const Spell& spell : spells) {
      if (spell.from < to && from < spell.to) return true;
    }
    return false;
  }

  void JudgeSilences() {
    Spells others = evidence_.atlas.TroubleOf(observer_);
    for (const uint32_t node : {observer_, subject_}) {
      const Spells ways = evidence_.atlas.TroubledWaysOf(node);
      others.insert(others.end(), ways.begin(), ways.end());
    }
    others = United(std::move(others));
    for (const Spell& silence : evidence_.atlas.SilenceOf(subject_)) {
      JudgeSilence(silence, others);
    }
  }

  // `others`: trouble that is not the subject's own.
  void JudgeSilence(const Spell& silence, const Spells& others) {
    // The two had met before, and the observer went on as it was.
    if (silence.from.ns < bounds_.settle.ns) return;
    const Spell before{silence.from - bounds_.settle, silence.from};
    if (Covers(evidence_.atlas.TroubleOf(subject_), before.from, before.to)) {
      return;
    }
    Instant end = std::min(silence.to, evidence_.ended);
    for (const Spell& spell : others) {
      if (spell.to <= before.from) continue;
      end = std::min(end, spell.from);
    }
    const Instant suspect_due =
        silence.from + bounds_.under_way + bounds_.suspect;
    if (end <= suspect_due) return;
    ++verdict_->checked;
    RequireNotBefore(silence, suspect_due, end, MemberState::kSuspect);
    // Whoever is alone with its accusation waits twice as long.
    const Duration dead =
        bounds_.dead *
        (AllOthersClear(before.from, end) ? int64_t{1} : int64_t{2});
    const Instant dead_due = suspect_due + dead + kTimersLate * 4;
    if (end <= dead_due) return;
    ++verdict_->checked;
    RequireNotBefore(silence, dead_due, end, MemberState::kDead);
  }

  bool AllOthersClear(Instant from, Instant to) const {
    for (uint32_t node = 0; node < evidence_.config.nodes; ++node) {
      if (node == subject_) continue;
      if (Covers(evidence_.atlas.TroubleOf(node), from, to)) return false;
      if (Covers(evidence_.atlas.TroubledWaysOf(node), from, to)) return false;
    }
    return true;
  }

  // From `due` to `end` the opinion is at least `least`.
  void RequireNotBefore(const Spell& silence, Instant due, Instant end,
                        MemberState least) {
    const std::vector<Entry>& entries =
        evidence_.beliefs.Of(observer_, subject_);
    std::optional<Belief> belief =
        evidence_.beliefs.At(observer_, subject_, due);
    Instant at = due;
    for (const Entry& entry : entries) {
      if (belief.has_value() && belief->opinion < least) break;
      if (entry.at <= due) continue;
      if (entry.at >= end) return;
      at = entry.at;
      belief = entry.belief;
    }
    if (!belief.has_value() || belief->opinion >= least) return;
    Complain(NodeText(observer_) + " holds " + NodeText(subject_) + " " +
                 std::string(NameOf(belief->opinion)) + " at " +
                 SecondsText(at) + ", which says nothing since " +
                 SecondsText(silence.from) + ": it should be " +
                 std::string(NameOf(least)) + ".",
             at);
  }

  const Evidence& evidence_;
  const Bounds& bounds_;
  uint32_t observer_;
  uint32_t subject_;
  Verdict* verdict_;
  Spell whole_;
  Spells calm_;   // Nothing was wrong with either, nor with their ways.
  Spells clear_;  // The same, of the ways between the two.
};

}  // namespace

bool IsStorm(const Noise& noise) {
  const auto share = [](Ratio ratio) {
    return uint64_t{ratio.num} * 1000 / ratio.den;
  };
  const uint64_t lost = share(noise.udp_loss) + share(noise.udp_late) +
                        share(noise.udp_flip) + share(noise.udp_cut) +
                        share(noise.udp_tail);
  return lost > share(kLossBound) || noise.udp_mtu < kDatagramBytesMax;
}

Verdict CheckFailureDetector(const Evidence& evidence) {
  Verdict verdict;
  if (evidence.beliefs.empty()) return verdict;
  const Bounds bounds = BoundsOf(evidence);
  for (uint32_t observer = 0; observer < evidence.config.nodes; ++observer) {
    for (uint32_t subject = 0; subject < evidence.config.nodes; ++subject) {
      if (observer == subject) continue;
      PairJudge(evidence, bounds, observer, subject, &verdict).Judge();
    }
  }
  return verdict;
}

}  // namespace orrery::sim
