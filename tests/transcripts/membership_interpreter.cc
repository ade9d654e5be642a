// Some Membership rooms over virtual time and a small network (MemberCluster).
// Node 1 is node1, and so on; each has all of them as seeds unless the heading
// says `seeds=none`.
//
// Lines are written as they happen, with the seconds since the command began;
// what a node repeats within one command is written once.  Of datagrams only
// the news is written: accusations, to whom they are told, and what a member
// says of itself under a higher counter.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/membership/membership.h"
#include "core/ring/ring_state.h"
#include "tests/core/membership/member_cluster.h"
#include "tests/transcripts/interpreter.h"
#include "tests/transcripts/membership_wording.h"
#include "tests/transcripts/wording.h"

namespace orrery::transcripts {

namespace {

class MembershipInterpreter : public Interpreter {
 public:
  MembershipInterpreter(int nodes, bool has_seeds) : cluster_(nodes) {
    std::vector<int> seeds;
    for (int node = 1; node <= nodes; ++node) {
      names_[cluster_.IdOf(node)] = Cat("node", node);
      endpoints_[PortOf(node)] = Cat("node", node);
      if (has_seeds) seeds.push_back(node);
    }
    nodes_ = nodes;
    if (!has_seeds && nodes > 1) {
      for (int node = 2; node <= nodes; ++node) cluster_.SetSeeds(node, {1});
    } else {
      cluster_.SeedAllWith(seeds);
    }
    cluster_.SetFilter(
        [this](int from, int to) { return cut_.contains({from, to}); });
    cluster_.SetWitness(
        {.on_output =
             [this](int node, const Membership::Output& output) {
               OnOutput(node, output);
             },
         .on_effects =
             [this](int node, const Effects& effects) {
               OnEffects(node, effects);
             }});
  }

  Lines Run(Command& command) override {
    constexpr Verb<MembershipInterpreter> kVerbs[] = {
        {"form", &MembershipInterpreter::Form},
        {"start", &MembershipInterpreter::Start},
        {"kill", &MembershipInterpreter::Kill},
        {"pause", &MembershipInterpreter::Pause},
        {"resume", &MembershipInterpreter::Resume},
        {"cut", &MembershipInterpreter::Cut},
        {"heal", &MembershipInterpreter::Heal},
        {"run", &MembershipInterpreter::RunOn},
        {"write", &MembershipInterpreter::Write},
        {"accuse", &MembershipInterpreter::Accuse},
        {"show", &MembershipInterpreter::Show},
    };
    told_.clear();
    began_ = cluster_.now();
    return RunVerb<MembershipInterpreter>(*this, kVerbs, command);
  }

 private:
  struct Told {
    std::string line;
    Instant at;
  };

  // Starts all nodes, and lets them found, join, close the ring and agree.
  Lines Form(Command& command) {
    if (!command.IsComplete()) return {};
    cluster_.StartAll();
    cluster_.RunFor(8 * kSecond);
    told_.clear();
    return Show(command);
  }
  Lines Start(Command& command) {
    const int node = ReadNode(command, command.Word("node"));
    if (node != 0 && cluster_.at(node).membership != nullptr) {
      command.Fail("it runs already");
    }
    if (!command.IsComplete()) return {};
    cluster_.Start(node);
    return TakeTold();
  }
  // The process dies; what it persisted stays.
  Lines Kill(Command& command) {
    const int node = ReadRunning(command);
    if (!command.IsComplete()) return {};
    cluster_.Kill(node);
    return TakeTold();
  }
  // The process stands still and its packets wait.
  Lines Pause(Command& command) {
    const int node = ReadRunning(command);
    if (!command.IsComplete()) return {};
    cluster_.Pause(node);
    return TakeTold();
  }
  Lines Resume(Command& command) {
    const int node = ReadRunning(command);
    if (!command.IsComplete()) return {};
    cluster_.Resume(node);
    return TakeTold();
  }
  // Nothing reaches the node or leaves it; `deaf`: only the first.
  Lines Cut(Command& command) {
    const int node = ReadNode(command, command.Word("node"));
    const bool is_deaf = command.Flag("deaf");
    if (!command.IsComplete()) return {};
    for (int other = 1; other <= nodes_; ++other) {
      cut_.insert({other, node});
      if (!is_deaf) cut_.insert({node, other});
    }
    return TakeTold();
  }
  Lines Heal(Command& command) {
    if (!command.IsComplete()) return {};
    cut_.clear();
    return TakeTold();
  }
  Lines RunOn(Command& command) {
    const Duration time = command.ReadDuration(command.Word("time"));
    if (!command.IsComplete()) return {};
    cluster_.RunFor(time);
    return TakeTold();
  }
  // A client's write waits at the node for the ring to be closed.
  Lines Write(Command& command) {
    const int node = ReadRunning(command);
    if (!command.IsComplete()) return {};
    cluster_.CloseRing(node);
    return TakeTold();
  }
  // A datagram from `by` arrives at the node: it holds `of` SUSPECT or DEAD.
  Lines Accuse(Command& command) {
    const int at = ReadRunning(command);
    const int by = ReadNode(command, command.Named("by").value_or("?"));
    const int of = ReadNode(command, command.Named("of").value_or("?"));
    const std::string state = command.Named("state").value_or("suspect");
    const size_t choice = command.Choose(state, kMemberStateNames);
    if (by != 0 && cluster_.at(by).membership == nullptr) {
      command.Fail("a node that is down accuses nobody");
    }
    if (!command.IsComplete()) return {};
    cluster_.Inject(at, Accusation(by, of, static_cast<MemberState>(choice)));
    return TakeTold();
  }
  DatagramEvent Accusation(int by, int of, MemberState state) {
    const MemberCluster::Node& accuser = cluster_.at(by);
    const Member* known = accuser.membership->members().Find(cluster_.IdOf(of));
    MemberRecord record{.id = cluster_.IdOf(of),
                        .state = state,
                        .accusers = {cluster_.IdOf(by)}};
    if (known != nullptr) record.incarnation = known->record.incarnation;
    DatagramEvent event{.source = PortOf(by)};
    event.datagram.header = {.cluster_tag = accuser.membership->cluster().Tag(),
                             .from = cluster_.IdOf(by),
                             .generation = accuser.disk.generation,
                             .seq = last_seq_[by] + ahead_++,
                             .boot_salt = accuser.boot_salt};
    event.datagram.body = GossipOnly{};
    event.datagram.records = {record};
    return event;
  }

  // What each node believes of the ring and of the others.
  Lines Show(Command& command) {
    if (!command.IsComplete()) return {};
    Lines lines;
    for (int node = 1; node <= nodes_; ++node) {
      if (cluster_.at(node).membership == nullptr) {
        lines.push_back(Cat("node", node, " is down"));
        continue;
      }
      const Membership& membership = cluster_.of(node);
      std::string line = Cat("node", node, " ");
      line += membership.ring_state().has_value()
                  ? RingText(*membership.ring_state(), names_)
                  : "no ring";
      if (cluster_.IsReady(node)) line += ", ready";
      for (int other = 1; other <= nodes_; ++other) {
        const Member* member = membership.members().Find(cluster_.IdOf(other));
        if (member == nullptr) continue;
        line +=
            Cat(", node", other, " ", NameIn(kMemberStateNames, member->state),
                " ", IncarnationText(member->record.incarnation));
      }
      lines.push_back(line);
    }
    return lines;
  }

  int ReadNode(Command& command, const std::string& word) {
    for (int node = 1; node <= nodes_; ++node) {
      if (word == Cat("node", node)) return node;
    }
    command.Fail("`" + word + "` is no node");
    return 0;
  }
  int ReadRunning(Command& command) {
    const int node = ReadNode(command, command.Word("node"));
    if (node != 0 && cluster_.at(node).membership == nullptr) {
      command.Fail("it does not run");
    }
    return node;
  }

  void OnOutput(int node, const Membership::Output& output) {
    if (const auto* persist = std::get_if<Membership::PersistRing>(&output)) {
      const auto ring = DecodeRingState(persist->ring.view());
      Tell(node, "persists " + RingText(*ring, names_));
    } else if (const auto* fatal = std::get_if<Membership::Fatal>(&output)) {
      Tell(node, Cat("must end, exit ", fatal->exit_code, ": ", fatal->text));
    }
  }
  void OnEffects(int node, const Effects& effects) {
    for (const SendEffect& send : effects.sends) {
      Tell(node, Cat("> ", EndpointName(send.to), " ",
                     FrameText(send.message.body, names_)));
    }
    for (const DatagramEffect& send : effects.datagrams) {
      last_seq_[node] = send.datagram.header.seq;
      for (const MemberRecord& record : send.datagram.records) {
        TellNews(node, send.to, record);
      }
    }
    for (const std::string_view mark : effects.marks) {
      Tell(node, Cat("mark ", mark));
    }
    for (const Note& note : effects.notes) {
      Tell(node, "note " + MemberNoteText(note, names_));
    }
  }
  void TellNews(int node, const Endpoint& to, const MemberRecord& record) {
    if (record.state != MemberState::kAlive) {
      Tell(node,
           Cat("tells ", EndpointName(to), ": ", RecordText(record, names_)));
    } else if (record.id == cluster_.IdOf(node) &&
               record.incarnation.counter != 0) {
      Tell(node, "says: " + RecordText(record, names_));
    }
  }
  std::string EndpointName(const Endpoint& endpoint) const {
    const auto found = endpoints_.find(endpoint);
    return found == endpoints_.end() ? "nobody" : found->second;
  }

  void Tell(int node, const std::string& what) {
    const std::string line = Cat("node", node, " ", what);
    for (const Told& told : told_) {
      if (told.line == line) return;
    }
    told_.push_back({line, cluster_.now()});
  }
  Lines TakeTold() {
    Lines lines;
    for (const Told& told : std::exchange(told_, {})) {
      lines.push_back(SecondsText(told.at - began_) + " " + told.line);
    }
    return lines;
  }

  MemberCluster cluster_;
  int nodes_ = 0;
  MemberNames names_;
  std::map<Endpoint, std::string> endpoints_;
  std::set<std::pair<int, int>> cut_;
  std::map<int, uint32_t> last_seq_;  // Of each node's datagrams.
  // What is said in a node's name comes later than what it said itself, and
  // near enough for its own next packets not to be taken for old ones.
  uint32_t ahead_ = 500;
  std::vector<Told> told_;
  Instant began_;
};

}  // namespace

std::unique_ptr<Interpreter> MakeMembershipRoom(Command& heading) {
  constexpr uint64_t kNodesMax = 9;
  const uint64_t nodes = heading.Number("nodes", 3);
  const std::string seeds = heading.Named("seeds").value_or("all");
  constexpr std::string_view kSeeds[] = {"all", "none"};
  const bool has_seeds = heading.Choose(seeds, kSeeds) == 0;
  if (nodes < 1 || nodes > kNodesMax) {
    heading.Fail(Cat("nodes must be in [1, ", kNodesMax, "]"));
  }
  if (!heading.IsComplete()) return nullptr;
  return std::make_unique<MembershipInterpreter>(static_cast<int>(nodes),
                                                 has_seeds);
}

}  // namespace orrery::transcripts
