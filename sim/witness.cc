#include "sim/witness.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/hash.h"
#include "core/ring/token.h"
#include "core/storage/manifest.h"
#include "core/version/object_codec.h"
#include "sim/checkers/narration.h"
#include "sim/clients.h"
#include "sim/sim_network.h"

namespace orrery::sim {

Witness::Witness(const Wiring& wiring)
    : wiring_(wiring),
      members_changed_(wiring.evidence.config.nodes),
      last_envelope_(wiring.evidence.config.nodes),
      rings_told_(wiring.evidence.config.nodes),
      laws_(wiring.evidence.config.keys),
      ring_members_(wiring.evidence.config.nodes),
      stamps_(wiring.evidence.config.nodes,
              wiring.evidence.config.engine.skew_bound) {}

void Witness::OnEvent(const Event& event) {
  if (wiring_.listener != nullptr) wiring_.listener->BeforeStep(event);
}

void Witness::OnStep(uint32_t node, const Event& event,
                     const Effects& effects) {
  if (wiring_.listener != nullptr) wiring_.listener->AfterStep(event);
  wiring_.digest.Add(wiring_.queue.now(), node, event, effects);
  stamps_.OnClock(node, event.at.wall, wiring_.queue.now());
  if (std::holds_alternative<StartEvent>(event.body)) stamps_.OnStart(node);
  NotePuts(effects);
  wiring_.models[node].OnStep(wiring_.queue.now(), effects.told,
                              wiring_.nodes[node]->disk().lies() > 0);
  if (const auto* received = std::get_if<PeerMessageEvent>(&event.body)) {
    OnReceived(node, received->message);
  }
  for (const SendEffect& send : effects.sends) OnSent(node, send);
  if (counting_) CountTraffic(node, effects);
  // Whoever sends a datagram is there for the others.
  if (!effects.datagrams.empty()) {
    wiring_.evidence.atlas.End(node, ReachAtlas::NodeTrouble::kDown,
                               wiring_.queue.now());
  }
  if (wiring_.listener != nullptr) {
    wiring_.listener->OnStep(wiring_.queue.now(), node, event, effects,
                             wiring_.digest.value());
  }
}

void Witness::CountTraffic(uint32_t node, const Effects& effects) {
  const uint32_t nodes = wiring_.evidence.config.nodes;
  std::vector<Traffic>& traffic = wiring_.evidence.traffic;
  traffic.resize(size_t{nodes} * nodes);
  for (const DatagramEffect& datagram : effects.datagrams) {
    const std::optional<uint32_t> to = NodeOfEndpoint(datagram.to);
    if (to.has_value() && *to < nodes) ++traffic[node * nodes + *to].datagrams;
  }
  for (const SendEffect& send : effects.sends) {
    const std::optional<uint32_t> to = NodeOfEndpoint(send.to);
    if (!to.has_value() || *to >= nodes) continue;
    Traffic& sent = traffic[node * nodes + *to];
    const PeerBody& body = send.message.body;
    const auto* put = std::get_if<ReplicaPut>(&body);
    if (std::holds_alternative<HintPut>(body) ||
        (put != nullptr && put->origin == PutOrigin::kHint)) {
      ++sent.hints;
    } else if (put != nullptr || std::holds_alternative<SyncKeys>(body) ||
               std::holds_alternative<SyncFetch>(body) ||
               std::holds_alternative<SyncObjects>(body)) {
      ++sent.repair;
    } else if (std::holds_alternative<SyncRoots>(body)) {
      ++sent.roots;
    } else if (!std::holds_alternative<SyncRootsAck>(body) &&
               !std::holds_alternative<ReplicaPutAck>(body)) {
      ++sent.frames;
    }
  }
}

void Witness::OnReceived(uint32_t node, const PeerMessage& message) {
  const std::optional<uint32_t> sender =
      NodeOfEndpoint(message.envelope.reply_to);
  if (!sender.has_value()) return;
  if (const auto* put = std::get_if<ReplicaPut>(&message.body)) {
    // A repair session sends many objects under its one handle: which of them
    // an acknowledgement means is not told, so none of them counts.
    if (put->origin == PutOrigin::kSync) return;
    OnReplica(node, *sender, put->request, put->key, put->object, true);
  } else if (const auto* hint = std::get_if<HintPut>(&message.body)) {
    OnReplica(node, *sender, hint->request, hint->key, hint->object,
              hint->counted);
  }
}

void Witness::OnReplica(uint32_t node, uint32_t sender, Handle request,
                        std::string_view key, const Object& object,
                        bool counts) {
  const std::optional<uint32_t> number = KeyOfText(key);
  if (!number.has_value()) return;
  Receipt receipt{.key = *number, .counts = counts, .versions = {}};
  for (const Sibling& sibling : object.siblings) {
    receipt.versions.push_back({sibling.dot, sibling.stamp});
  }
  receipts_.InsertOrAssign({node, sender, request.slot, request.gen},
                           std::move(receipt));
}

void Witness::NotePuts(const Effects& effects) {
  for (const StoreTold& told : effects.told) {
    const bool is_put =
        told.kind == StoreTold::Kind::kPut && told.store == StoreId::kUser;
    if (!is_put) continue;
    const std::optional<uint32_t> key = KeyOfText(told.key);
    if (!key.has_value()) continue;
    if (wiring_.evidence.stored.Find(
            Evidence::StoredName{*key, told.timestamp}) != nullptr) {
      continue;
    }
    unsent_[{*key, told.timestamp}] = {told.meta, told.value};
  }
}

void Witness::NoteUnsent() {
  for (const auto& [name, unsent] : unsent_) {
    const auto object = DecodeObject(unsent.meta.view(), unsent.value);
    if (!object.has_value()) continue;
    for (const Sibling& sibling : object->siblings) {
      ObserveSibling(name.first, sibling);
    }
  }
  unsent_.clear();
}

void Witness::NoteRing(uint32_t node, const Envelope& envelope) {
  RingTold& told = rings_told_[node];
  if (told.storage != envelope.storage) {
    told.storage = envelope.storage;
    told.epoch = {};
  }
  told.epoch = std::max(told.epoch, envelope.epoch);
}

Epoch Witness::RingToldBy(uint32_t node, uint32_t process, StorageId storage) {
  RingTold& told = rings_told_[node];
  if (told.struck_under == process) return {};
  if (told.struck_under.has_value() || told.storage != storage) told = {};
  return told.epoch;
}

void Witness::OnSent(uint32_t node, const SendEffect& send) {
  const PeerMessage& message = send.message;
  NoteRing(node, message.envelope);
  CheckRing(message.envelope);
  if (const auto* put = std::get_if<ReplicaPut>(&message.body)) {
    if (put->origin == PutOrigin::kFresh) OnMinted(node, *put);
    OnShown(put->key, put->object);
  } else if (const auto* hint = std::get_if<HintPut>(&message.body)) {
    OnShown(hint->key, hint->object);
  } else if (const auto* sync = std::get_if<SyncObjects>(&message.body)) {
    for (const SyncObject& one : sync->objects) OnShown(one.key, one.object);
  } else if (const auto* ack = std::get_if<ReplicaPutAck>(&message.body)) {
    if (ack->status == ReplicaStatus::kOk) {
      OnAck(node, send.to, ack->request, Role::kReplica);
    }
  } else if (const auto* hinted = std::get_if<HintPutAck>(&message.body)) {
    if (hinted->status == ReplicaStatus::kOk) {
      OnAck(node, send.to, hinted->request, Role::kStandIn);
    }
  } else if (const auto* forwarded =
                 std::get_if<ForwardWriteAck>(&message.body)) {
    const auto* done = std::get_if<WriteDone>(&forwarded->reply);
    if (done != nullptr) {
      coordinators_.FindOrInsert(done->version).push_back(node);
    }
  }
}

void Witness::OnAck(uint32_t node, const Endpoint& to, Handle request,
                    Role role) {
  const std::optional<uint32_t> sender = NodeOfEndpoint(to);
  if (!sender.has_value()) return;
  const Receipt* receipt =
      receipts_.Find(ReceiptName{node, *sender, request.slot, request.gen});
  if (receipt == nullptr || !receipt->counts) return;
  for (const Receipt::Name& version : receipt->versions) {
    wiring_.evidence.ledger.MarkHeld(version.dot);
    wiring_.evidence.history.RecordHolding(
        receipt->key, version.stamp,
        {.node = node,
         .at = wiring_.queue.now(),
         .stand_in = role == Role::kStandIn});
    if (role == Role::kStandIn) continue;  // In its hints, not in its keys.
    wiring_.evidence.history.RecordPromise(
        node, {receipt->key, version.stamp, wiring_.queue.now()});
  }
}

// A process draws its salt once.  Whoever gives it another one makes its
// owner look like two (membership, identity).
void Witness::CheckMembers(const std::vector<MemberView>& members) {
  for (const MemberView& member : members) {
    if (member.boot_salt == 0) continue;
    const auto [salt, inserted] = salts_.Insert(
        {member.id, member.storage, member.generation}, member.boot_salt);
    if (inserted || *salt == member.boot_salt) continue;
    wiring_.evidence.double_salts.push_back(
        "Process " + std::to_string(member.generation) + " of " + member.name +
        " is believed to have two boot salts.");
  }
}

// Every object that leaves a node, whoever gets it.
void Witness::ObserveSibling(uint32_t key, const Sibling& sibling) {
  Evidence& evidence = wiring_.evidence;
  const Ledger::Sight sight =
      evidence.ledger.Observe(key, sibling, wiring_.queue.now());
  if (sight != Ledger::Sight::kConflict) return;
  evidence.reused_dots.push_back(
      "One dot (counter " + std::to_string(sibling.dot.counter) +
      ", generation " + std::to_string(sibling.dot.actor.generation) +
      ") names two versions; the second is of " + KeyText(key) + ".");
}

void Witness::OnShown(std::string_view key, const Object& object) {
  const std::optional<uint32_t> number = KeyOfText(key);
  if (!number.has_value()) return;
  Evidence& evidence = wiring_.evidence;
  for (const Sibling& sibling : object.siblings) {
    ObserveSibling(*number, sibling);
  }
  if (!evidence.history.IsKept(*number)) {
    CheckSiblings(key, object, &evidence.loads);
  }
  laws_.OnObject(*number, object, evidence.ledger, &evidence.laws);
}

// O23: a coordinator sends what it has just minted.
void Witness::OnMinted(uint32_t node, const ReplicaPut& put) {
  if (put.object.siblings.empty()) return;
  const Sibling& fresh = put.object.siblings.front();
  if (const auto key = KeyOfText(put.key)) unsent_.erase({*key, fresh.stamp});
  if (wiring_.evidence.ledger.Find(fresh.dot) != nullptr) return;
  // A repeated operation is sent as it is stored, without its basis.
  if (put.basis == 0 && put.object.vv.entries.size() > 1) return;
  stamps_.OnFresh({.node = node,
                   .key = put.key,
                   .stamp = fresh.stamp,
                   .basis = put.basis,
                   .op = OpOfValue(fresh.value.text()).value_or(0),
                   .members = MembersSeenBy(node),
                   .now = wiring_.queue.now()},
                  &wiring_.evidence.fresh_stamps);
}

const std::vector<uint32_t>& Witness::MembersSeenBy(uint32_t node) {
  const Engine& engine = wiring_.nodes[node]->engine();
  RingMembers& ring = ring_members_[node];
  if (ring.hash == engine.ring_hash()) return ring.members;
  ring = {engine.ring_hash(), {}};
  absl::btree_set<NodeId> ids;
  for (const Engine::TokenView& token : engine.Tokens()) {
    ids.insert(token.node);
  }
  for (uint32_t member = 0; member < ring_members_.size(); ++member) {
    if (ids.contains(NodeIdOf(NodeText(member)))) {
      ring.members.push_back(member);
    }
  }
  return ring.members;
}

void Witness::CheckRing(const Envelope& envelope) {
  if (envelope.cluster.IsZero() || envelope.ring_hash == 0) return;
  const std::optional<uint32_t> node = NodeOfEndpoint(envelope.reply_to);
  if (!node.has_value() || *node >= last_envelope_.size()) return;
  Envelope& last = last_envelope_[*node];
  if (last.epoch == envelope.epoch && last.ring_hash == envelope.ring_hash &&
      last.cluster == envelope.cluster) {
    return;
  }
  last = envelope;
  const auto [hash, inserted] =
      rings_.Insert({envelope.cluster, envelope.epoch}, envelope.ring_hash);
  if (inserted || *hash == envelope.ring_hash) return;
  wiring_.evidence.split_epochs.push_back(
      "Epoch " + std::to_string(envelope.epoch.seq) +
      " has two rings; the second was sent by n" + std::to_string(*node) + ".");
}

void Witness::OnReply(uint32_t node, Handle client, ClientReply reply) {
  clients_->OnReply(node, client, reply);
  const auto* done = std::get_if<WriteDone>(&reply);
  if (done == nullptr) return;
  const std::vector<Operation>& operations =
      wiring_.evidence.history.operations();
  if (client.slot == 0 || client.slot > operations.size()) return;
  const Operation& operation = operations[client.slot - 1];
  const uint32_t key = operation.key;
  const bool is_delete = operation.verb == OpStep::Verb::kDelete;
  wiring_.evidence.ledger.MarkHeld(key, done->version,
                                   is_delete ? 0 : operation.id);
  const std::vector<uint32_t>* others = coordinators_.Find(done->version);
  const std::span<const uint32_t> coordinators =
      others == nullptr ? std::span<const uint32_t>(&node, 1)
                        : std::span<const uint32_t>(*others);
  for (const uint32_t coordinator : coordinators) {
    wiring_.evidence.history.RecordHolding(key, done->version,
                                           {coordinator, wiring_.queue.now()});
  }
}

void Witness::OnMark(std::string_view mark) { wiring_.marks.Count(mark); }

std::optional<uint32_t> Witness::KeyOfToken(uint64_t token) const {
  if (token == 0) return std::nullopt;
  for (uint32_t key = 0; key < wiring_.evidence.config.keys; ++key) {
    if (TokenOf(KeyText(key)) == token) return key;
  }
  return std::nullopt;
}

void Witness::OnStopOverdue(uint32_t node) {
  wiring_.evidence.unanswered.push_back(
      NodeText(node) +
      " was asked to stop and had not after the time that a stop is given, "
      "though its disk was well.");
}

void Witness::OnNote(uint32_t node, const Note& note) {
  // Which keys it took is told one by one, and of these it speaks.
  const bool names_its_keys =
      note.kind == Note::Kind::kDamage && note.detail == 1;
  if (note.kind == Note::Kind::kMemberState) members_changed_[node] = 1;
  // Rebuilt from the files, it knows of no end of a file: it doubts all it has,
  // and calls what is damaged at an end a torn tail.
  const bool lost_manifest =
      note.kind == Note::Kind::kSuspect && note.detail == 1 &&
      note.number == static_cast<uint64_t>(SuspectReason::kManifestLost);
  const bool is_damage = note.kind == Note::Kind::kDamage && !names_its_keys;
  if (is_damage || lost_manifest) {
    wiring_.evidence.history.RecordDamage(
        {.node = node,
         .at = wiring_.queue.now(),
         .key = KeyOfToken(note.token),
         .in_hints = note.text.find("/hints") != std::string::npos});
  }
  if (is_damage && note.token == 0) {
    wiring_.models[node].OnDamageNote(note.text, note.number);
  }
  if (note.kind == Note::Kind::kTornTail) {
    wiring_.models[node].OnTornTailNote(note.text);
  }
  if (note.kind == Note::Kind::kFatal) {
    fatals_.push_back(
        {.node = node, .at = wiring_.queue.now(), .why = note.text});
  }
  if (wiring_.listener != nullptr) {
    wiring_.listener->OnNote(wiring_.queue.now(), node, note);
  }
}

}  // namespace orrery::sim
