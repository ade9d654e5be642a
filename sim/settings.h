// sim/settings.h
//
// What the `cfg`, `noise` and `expect` lines of a scenario mean.  Names and
// forms of values are checked while a text is parsed, so that a scenario can
// always be resolved.
//
// cfg     nodes n r w vnodes keys clients seed sync=on|off end file gossip
//         suspect dead request compact roots handoff skew sync_interval
//         budget=within|beyond limits.X (the fields of orrery::Limits)
//         seeds=all|own|others|one (SeedLists)
// noise   delay disk.latency disk.sync tick.late (ranges);
//         udp.loss udp.dup udp.late tcp.late disk.torn disk.stall
//         disk.garbage disk.short disk.read_error disk.late (ratios)
//         udp.flip     datagrams with a byte that is another
//         udp.cut      datagrams that lack their end
//         udp.replay   datagrams that come again, up to half a minute later
//         udp.tail     datagrams that take 100 ms to 13 s more
//         tcp.pieces   frames that come in two pieces, up to 50 ms apart
//         udp.mtu=N    larger datagrams vanish
//         tcp.queue=N  a link that cannot send holds so many frames
//         tick.grain=T timers come at multiples of it
// expect  converge within=T [core=nodes]
//                                   all owners equal, members agree, in T; of
//                                   a core that suffices (CoreSuffices), while
//                                   what else is wrong stays wrong for good
//         quiet                     and then nothing is sent but gossip (O15)
//         outcome op=N is=ok|failed|unknown
//         value op=N is=absent|opM  what read N returned
//         acks op=N owners=K hints=K
//         mark name=M               the mark has fired

#ifndef ORRERY_SIM_SETTINGS_H_
#define ORRERY_SIM_SETTINGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "core/protocol/limits.h"
#include "core/protocol/options.h"
#include "sim/scenario.h"

namespace orrery::sim {

struct Ratio {
  uint32_t num = 0;
  uint32_t den = 1;
  friend bool operator==(const Ratio&, const Ratio&) = default;
};

struct Range {
  Duration low;
  Duration high;
  friend bool operator==(const Range&, const Range&) = default;
};

// The probabilities and ranges of what happens by itself.
struct Noise {
  Range delay{200 * kMicrosecond, 2 * kMillisecond};
  Range disk_latency{20 * kMicrosecond, 200 * kMicrosecond};
  Range disk_sync{200 * kMicrosecond, 2 * kMillisecond};
  Range tick_late{Duration{0}, 100 * kMicrosecond};
  Ratio udp_loss, udp_dup, udp_late, tcp_late;
  Ratio disk_torn{1, 4};
  Ratio disk_stall;
  Ratio udp_flip, udp_cut, udp_replay, udp_tail, tcp_pieces;
  uint32_t udp_mtu = kDatagramBytesMax;
  uint32_t tcp_queue = 4096;
  Ratio disk_garbage;     // Of torn sectors: neither old nor new.
  Ratio disk_short;       // Reads and writes that move fewer bytes.
  Ratio disk_read_error;  // One read fails, the next does not.
  Ratio disk_late;        // Operations that later ones overtake.
  Duration tick_grain;
};

// What the nodes were given as seeds.
enum class SeedLists : uint8_t {
  kAll = 1,     // All have one list, of all nodes: it begins with n0.
  kOwn = 2,     // Each has itself first, then the others.
  kOthers = 3,  // Each has all the others.
  kOne = 4,     // n0 has none; the others have n0.
};

struct Config {
  uint32_t nodes = 3;
  uint32_t keys = 16;
  uint32_t clients = 2;
  uint64_t seed = 1;
  Duration end = 60 * kSecond;
  SeedLists seed_lists = SeedLists::kAll;
  // A fault of a disk that would take the last good copy of a record, or one
  // that no other node has, does not strike.
  bool within_budget = false;
  EngineOptions engine;  // Name and address are each node's own.
};

struct Expectation {
  enum class Kind : uint8_t {
    kConverge = 1,
    kOutcome = 2,
    kValue = 3,
    kAcks = 4,
    kMark = 5,
    kQuiet = 6,
  };
  Kind kind = Kind::kConverge;
  Duration within;
  uint32_t op = 0;
  std::string is;
  std::optional<uint32_t> owners;
  std::optional<uint32_t> hints;
  std::vector<uint32_t> core;  // Empty: every node.  Numbers wrap round.
};

struct Settings {
  Config config;
  Noise noise;
  std::vector<Expectation> expectations;
};

// Empty if the setting is known and well formed; else what is wrong with it.
std::string ApplyConfig(const Setting& setting, Config* config);
std::string ApplyNoise(std::string_view name, std::string_view value,
                       Noise* noise);
std::string ReadExpectation(const ExpectLine& line, Expectation* expectation);

// REQUIRES: `scenario` was parsed, or made of settings that would parse.
Settings SettingsOf(const Scenario& scenario);

// Words of the format.  False: malformed.
bool ReadUint(std::string_view text, uint64_t* value);
bool ReadTime(std::string_view text, Duration* value);  // May be negative.
bool ReadRatio(std::string_view text, Ratio* value);
bool ReadRange(std::string_view text, Range* value);
bool ReadNodes(std::string_view text, std::vector<uint32_t>* nodes);  // n0,n2
// The largest unit that divides it: 1500 ms is "1500ms", 2000 ms is "2s".
std::string TimeText(Duration value);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_SETTINGS_H_
