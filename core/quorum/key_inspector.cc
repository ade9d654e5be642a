#include "core/quorum/key_inspector.h"

#include <algorithm>
#include <utility>

#include "core/protocol/request_handle.h"
#include "core/ring/ring_state.h"
#include "core/ring/token.h"
#include "core/version/object_merge.h"

namespace orrery {

namespace {

KeyCopy::Answer AnswerOf(ReplicaStatus status) {
  switch (status) {
    case ReplicaStatus::kOk:
      return KeyCopy::Answer::kHolds;
    case ReplicaStatus::kStaleRing:
    case ReplicaStatus::kRingBehind:
    case ReplicaStatus::kPristine:
    case ReplicaStatus::kNotReady:
      return KeyCopy::Answer::kNotReady;
    case ReplicaStatus::kCorrupt:
      return KeyCopy::Answer::kDamaged;
    default:
      return KeyCopy::Answer::kFailed;
  }
}

std::string NameOfMember(NodeId node, const RoutingView& routing) {
  const RingMember* member = FindMember(routing.ring()->state(), node);
  return member == nullptr ? std::string() : member->name;
}

void DescribeVersions(const Object& object, KeyCopy* copy) {
  for (const Sibling& sibling : object.siblings) {
    copy->versions.push_back({.stamp = sibling.stamp,
                              .tombstone = sibling.tombstone,
                              .keep = sibling.keep,
                              .dot = sibling.dot,
                              .checksum = sibling.checksum});
  }
}

}  // namespace

KeyInspector::KeyInspector(Command command) : command_(std::move(command)) {}

void KeyInspector::Start(Handle handle, Conversation& here) {
  handle_ = handle;
  here.Mark("inspect.asked");
  here.turn.timers.Arm(TimerKind::kInspectDeadline, handle_, command_.deadline);
  report_.token = TokenOf(command_.key);
  report_.epoch = here.routing.ring()->epoch();
  AskOwners(here);
  AskForHints(here);
  if (awaited_ == 0) Finish(here);
}

void KeyInspector::AskOwners(Conversation& here) {
  for (const Owner& owner : here.routing.ring()->OwnersOf(report_.token)) {
    KeyCopy copy{.node = owner.node,
                 .name = NameOfMember(owner.node, here.routing)};
    if (!here.routing.IsReachable(owner.node)) {
      copy.answer = KeyCopy::Answer::kUnreachable;
    } else {
      ++awaited_;
      Send(owner.node, false, here);
    }
    report_.owners.push_back(std::move(copy));
  }
}

void KeyInspector::AskForHints(Conversation& here) {
  for (const RingMember& member : here.routing.ring()->state().members) {
    if (member.status != MemberStatus::kNormal) continue;
    if (report_.hints.size() == kInspectedMembersMax) {  // KIN-2
      ++report_.not_asked;
      continue;
    }
    KeyCopy copy{.node = member.id, .name = member.name};
    if (!here.routing.IsReachable(member.id)) {
      copy.answer = KeyCopy::Answer::kUnreachable;
    } else {
      ++awaited_;
      Send(member.id, true, here);
    }
    report_.hints.push_back(std::move(copy));
  }
}

void KeyInspector::Send(NodeId node, bool for_hints, Conversation& here) {
  if (node == here.routing.self()) {
    const Ticket ticket{TicketOwner::kKeyInspector, for_hints ? kHintsPart : 0,
                        handle_};
    if (for_hints) {
      here.local.hint_reads.push_back({.ticket = ticket, .key = command_.key});
    } else {
      here.local.reads.push_back({.ticket = ticket,
                                  .key = command_.key,
                                  .depth = ReadDepth::kVersions});
    }
    return;
  }
  here.turn.effects.Send(
      here.routing.EndpointOf(node),
      ReplicaGet{
          .request = Tagged(handle_, for_hints ? RequestPool::kInspectHints
                                               : RequestPool::kInspectCopy),
          .key = command_.key,
          .depth = ReadDepth::kVersions,
          .from_hints = for_hints});
}

void KeyInspector::OnReadOutcome(const ReadOutcome& outcome,
                                 Conversation& here) {
  Hear(here.routing.self(), outcome.ticket.part == kHintsPart,
       {.status = outcome.status,
        .suspect = outcome.suspect,
        .object = outcome.object},
       here);
}

void KeyInspector::OnGetAck(NodeId from, bool of_hints,
                            const ReplicaGetAck& ack, Conversation& here) {
  Hear(from, of_hints,
       {.status = ack.status, .suspect = ack.suspect, .object = ack.object},
       here);
}

void KeyInspector::Hear(NodeId node, bool of_hints, const Told& told,
                        Conversation& here) {
  std::vector<KeyCopy>& copies = of_hints ? report_.hints : report_.owners;
  for (KeyCopy& copy : copies) {
    if (copy.node != node || copy.answer != KeyCopy::Answer::kSilent) continue;
    copy.answer = AnswerOf(told.status);
    copy.suspect = told.suspect;
    if (copy.answer == KeyCopy::Answer::kHolds) {
      copy.digest = DigestOf(told.object);
      DescribeVersions(told.object, &copy);
    }
    if (--awaited_ == 0) Finish(here);
    return;
  }
}

void KeyInspector::OnPeerLost(NodeId node, Conversation& here) {
  if (done_) return;
  for (std::vector<KeyCopy>* copies : {&report_.owners, &report_.hints}) {
    for (KeyCopy& copy : *copies) {
      if (copy.node != node || copy.answer != KeyCopy::Answer::kSilent) {
        continue;
      }
      copy.answer = KeyCopy::Answer::kUnreachable;
      --awaited_;
    }
  }
  if (awaited_ == 0) Finish(here);
}

void KeyInspector::OnDeadline(Conversation& here) {
  here.Mark("inspect.deadline");
  Finish(here);
}

void KeyInspector::Finish(Conversation& here) {
  if (done_) return;
  done_ = true;
  here.Mark("inspect.told");
  // Who holds no hint is not worth a line.
  std::erase_if(report_.hints, [](const KeyCopy& copy) {
    return copy.answer == KeyCopy::Answer::kHolds && copy.versions.empty();
  });
  Answer({.client = command_.client}, std::move(report_), {}, here);
}

void KeyInspector::AddTo(Hasher& hasher) const {
  hasher.AddText(command_.key);
  hasher.Add(uint64_t{awaited_});
}

}  // namespace orrery
