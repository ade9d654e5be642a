// One coordinator (node A) over its real stores, which work at once; the other
// owners B and C and the stand-ins D, E, ... are played by the transcript.  The
// key is always k.

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "core/protocol/request_handle.h"
#include "core/version/object_merge.h"
#include "tests/core/quorum/room_bench.h"
#include "tests/transcripts/interpreter.h"
#include "tests/transcripts/quorum_peer.h"
#include "tests/transcripts/quorum_wording.h"
#include "tests/transcripts/wording.h"

namespace orrery::transcripts {

namespace {

struct QuorumSettings {
  uint32_t nodes = 3;
  uint32_t read_quorum = 2;
  uint32_t write_quorum = 2;
  bool is_owner = true;
};

class QuorumInterpreter : public Interpreter {
 public:
  explicit QuorumInterpreter(const QuorumSettings& settings)
      : bench_(settings.nodes) {
    QuorumBench& cluster = bench_.cluster;
    cluster.options.read_quorum = settings.read_quorum;
    cluster.options.write_quorum = settings.write_quorum;
    if (!settings.is_owner) cluster.BecomeNode(cluster.StandIn(0));
    char letter = 'A';
    for (const Owner& owner : cluster.owners) AddPeer(letter++, owner);
    for (size_t i = 0; i < cluster.stand_ins.size(); ++i) {
      AddPeer(letter++, cluster.StandIn(i));
    }
  }

  Lines Run(Command& command) override {
    constexpr Verb<QuorumInterpreter> kVerbs[] = {
        {"put", &QuorumInterpreter::Put},
        {"get", &QuorumInterpreter::Get},
        {"delete", &QuorumInterpreter::Delete},
        {"deliver", &QuorumInterpreter::Deliver},
        {"refuse", &QuorumInterpreter::Refuse},
        {"drop", &QuorumInterpreter::Drop},
        {"lose", &QuorumInterpreter::Lose},
        {"believe", &QuorumInterpreter::Believe},
        {"hold", &QuorumInterpreter::Hold},
        {"doubt", &QuorumInterpreter::Doubt},
        {"advance", &QuorumInterpreter::Advance},
        {"show", &QuorumInterpreter::Show},
    };
    return RunVerb<QuorumInterpreter>(*this, kVerbs, command);
  }

 private:
  void AddPeer(char letter, const Owner& owner) {
    peers_[letter].owner = owner;
    names_[owner.node] = letter;
  }

  Lines Put(Command& command) {
    const std::string value = command.ReadValue(command.Word("value"));
    return Ask(command, bench_.Request(ClientVerb::kPut, value));
  }
  Lines Get(Command& command) {
    return Ask(command, bench_.Request(ClientVerb::kGet));
  }
  Lines Delete(Command& command) {
    return Ask(command, bench_.Request(ClientVerb::kDelete));
  }

  Lines Ask(Command& command, ClientRequest request) {
    if (const auto level = command.Named("level")) {
      request.read_level = ReadLevel(command, *level);
      request.write_level = request.read_level;
    }
    request.operation = {{.hi = 0, .lo = command.Number("operation", 0)}};
    if (command.Flag("again")) {
      if (last_operation_.empty()) command.Fail("no operation is unknown");
      request.operation_token = last_operation_;
    }
    if (command.Flag("context")) {
      if (last_context_.empty()) command.Fail("no reply had a context");
      request.context = last_context_;
    }
    request.sloppy = command.Flag("sloppy");
    if (!command.IsComplete()) return {};
    bench_.Start(request);
    return Effects();
  }

  static Level ReadLevel(Command& command, const std::string& word) {
    if (const auto number = ReadNumber(word); number.value_or(0) > 0) {
      return {.kind = Level::Kind::kNumber,
              .number = static_cast<uint32_t>(*number)};
    }
    constexpr std::string_view kLevels[] = {"configured", "one", "quorum",
                                            "all"};
    return {.kind = static_cast<Level::Kind>(command.Choose(word, kLevels))};
  }

  // The peer takes what waits for it, and its answers arrive.
  Lines Deliver(Command& command) {
    QuorumPeer* peer = ReadPeer(command);
    if (!command.IsComplete()) return {};
    Lines lines;
    for (const PeerBody& request : std::exchange(peer->inbox, {})) {
      Receive(*peer, AnswerOf(*peer, request), lines);
    }
    return lines;
  }
  Lines Refuse(Command& command) {
    QuorumPeer* peer = ReadPeer(command);
    const auto status = static_cast<ReplicaStatus>(
        command.Choose(command.Word("status"), kReplicaStatusNames));
    if (!command.IsComplete()) return {};
    Lines lines;
    for (const PeerBody& request : std::exchange(peer->inbox, {})) {
      Receive(*peer, RefusalOf(request, status), lines);
    }
    return lines;
  }
  void Receive(const QuorumPeer& peer, std::optional<PeerBody> answer,
               Lines& lines) {
    if (!answer.has_value()) return;
    lines.push_back(Cat("< ", names_.at(peer.owner.node), " ",
                        PeerBodyText(*answer, names_)));
    bench_.Receive(peer.owner, std::move(*answer));
    for (std::string& line : Effects()) lines.push_back(std::move(line));
  }
  // What waits for the peer never arrives, and nobody is told.
  Lines Drop(Command& command) {
    QuorumPeer* peer = ReadPeer(command);
    if (!command.IsComplete()) return {};
    peer->inbox.clear();
    return {};
  }
  // The link to the peer is lost, and this node is told.
  Lines Lose(Command& command) {
    QuorumPeer* peer = ReadPeer(command);
    if (!command.IsComplete()) return {};
    peer->inbox.clear();
    bench_.room.OnPeerLost(peer->owner.node, bench_.cluster.turn());
    bench_.Settle();
    return Effects();
  }

  // What this node believes of the peer.
  Lines Believe(Command& command) {
    const QuorumPeer* peer = ReadPeer(command);
    const auto state = static_cast<MemberState>(
        command.Choose(command.Word("state"), kMemberStateNames));
    if (!command.IsComplete()) return {};
    bench_.cluster.SetState(peer->owner.node, state);
    return {};
  }
  // The peer holds this version, minted there or `by` another, and no other.
  Lines Hold(Command& command) {
    QuorumPeer* peer = ReadPeer(command);
    const std::string value = command.Word("value");
    const Duration at =
        command.ReadDuration(command.Named("at").value_or("0s"));
    std::optional<std::string> by = command.Named("by");
    if (peer != nullptr && !by.has_value()) {
      by = std::string(1, names_.at(peer->owner.node));
    }
    const uint64_t actor = ReadActor(command, by.value_or(""));
    if (!command.IsComplete()) return {};
    peer->copy = ObjectOf(ValueOf(DotOf(actor, 1), StampAt(at), value));
    return {};
  }
  static uint64_t ReadActor(Command& command, const std::string& word) {
    if (word.size() == 1 && 'A' <= word[0] && word[0] <= 'Z') {
      return static_cast<uint64_t>(word[0] - 'A' + 1);
    }
    command.Fail("`" + word + "` is no node");
    return 0;
  }
  Lines Doubt(Command& command) {
    QuorumPeer* peer = ReadPeer(command);
    if (!command.IsComplete()) return {};
    peer->in_doubt = true;
    return {};
  }

  Lines Advance(Command& command) {
    const Duration by = command.ReadDuration(command.Word("time"));
    if (!command.IsComplete()) return {};
    bench_.Advance(by);
    WallTime& wall = bench_.cluster.turn().at.wall;
    wall = wall + by;
    return Effects();
  }

  // What everybody holds, and what is left to do.
  Lines Show(Command& command) {
    if (!command.IsComplete()) return {};
    Lines lines;
    for (const auto& [letter, peer] : peers_) {
      if (peer.owner.node == bench_.cluster.routing.self()) continue;
      if (!peer.copy.IsEmpty()) {
        lines.push_back(Cat(letter, " holds ", ObjectText(peer.copy)));
      }
      if (!peer.hints.IsEmpty()) {
        lines.push_back(Cat(letter, " keeps a hint ", ObjectText(peer.hints)));
      }
      if (!peer.inbox.empty()) {
        lines.push_back(
            Cat(letter, " was sent ", peer.inbox.size(), " and is silent"));
      }
    }
    for (const auto& [storage, target] : bench_.hints.targets()) {
      lines.push_back(Cat("kept here for ", names_.at(target.node), ": ",
                          target.hints.size()));
    }
    lines.emplace_back(bench_.room.IsIdle()           ? "idle"
                       : bench_.room.HasAnsweredAll() ? "lingering"
                                                      : "in flight");
    return lines;
  }

  QuorumPeer* ReadPeer(Command& command) {
    const std::string word = command.Word("node");
    const auto found =
        word.size() == 1 ? peers_.find(word.front()) : peers_.end();
    if (found != peers_.end() &&
        found->second.owner.node != bench_.cluster.routing.self()) {
      return &found->second;
    }
    command.Fail("`" + word + "` is no peer");
    return nullptr;
  }

  // The effects since the last call, in the order of the pump.
  Lines Effects() {
    orrery::Effects& effects = bench_.cluster.effects;
    Lines lines;
    for (SendEffect& send : effects.sends) {
      const NodeId to = *bench_.cluster.routing.NodeAt(send.to);
      lines.push_back(Cat("> ", names_.at(to), " ",
                          PeerBodyText(send.message.body, names_),
                          PromiseText(send.promise)));
      peers_[names_.at(to)].inbox.push_back(std::move(send.message.body));
    }
    for (const ReplyEffect& reply : effects.replies) {
      lines.push_back(Cat("reply ", reply.client.slot, " ",
                          ReplyText(reply.reply), PromiseText(reply.promise)));
      Remember(reply.reply);
    }
    for (const std::string_view mark : effects.marks) {
      if (IsOfTheRoom(mark)) lines.push_back(Cat("mark ", mark));
    }
    effects.Clear();
    return lines;
  }

  // The disk's and the replica's own are not this room's.
  static bool IsOfTheRoom(std::string_view mark) {
    constexpr std::string_view kPrefixes[] = {"put.", "get.", "room.",
                                              "forward.", "hint."};
    return std::any_of(
        std::begin(kPrefixes), std::end(kPrefixes),
        [mark](std::string_view prefix) { return mark.starts_with(prefix); });
  }

  void Remember(const ClientReply& reply) {
    if (const auto* unknown = std::get_if<OutcomeUnknown>(&reply)) {
      last_operation_ = unknown->operation;
    } else if (const auto* done = std::get_if<WriteDone>(&reply)) {
      last_context_ = done->context;
    } else if (const auto* read = std::get_if<ReadDone>(&reply)) {
      last_context_ = read->context;
    }
  }

  RoomBench bench_;
  std::map<char, QuorumPeer> peers_;
  NodeLetters names_;
  Bytes last_operation_;
  Bytes last_context_;
};

}  // namespace

std::unique_ptr<Interpreter> MakeQuorumRoom(Command& heading) {
  constexpr uint32_t kNodesMax = 9;
  QuorumSettings settings;
  settings.nodes = static_cast<uint32_t>(heading.Number("nodes", 3));
  settings.read_quorum = static_cast<uint32_t>(heading.Number("r", 2));
  settings.write_quorum = static_cast<uint32_t>(heading.Number("w", 2));
  settings.is_owner = !heading.Flag("not_an_owner");
  const uint32_t nodes_min = settings.is_owner ? 1 : 4;
  if (settings.nodes < nodes_min || settings.nodes > kNodesMax) {
    heading.Fail(Cat("nodes must be in [", nodes_min, ", ", kNodesMax, "]"));
  }
  if (!heading.IsComplete()) return nullptr;
  return std::make_unique<QuorumInterpreter>(settings);
}

}  // namespace orrery::transcripts
