#include <cstdint>

#include "sim/sim_network.h"

namespace orrery::sim {

void SimNetwork::OnProcessUp(uint32_t node, uint32_t process) {
  hosts_[node] = {.process = process, .up = true, .silent = false};
}

void SimNetwork::OnProcessDown(uint32_t node, bool silently) {
  hosts_[node].up = false;
  hosts_[node].silent = silently;
  for (uint32_t peer = 0; peer < options_.nodes; ++peer) {
    // Its own connections end; the kernel may still send what was written.
    Pathway& out = links_[LinkOf(node, peer)];
    const uint64_t fate = Fate(options_.seed, Lot::kResetDelivers,
                               LinkOf(node, peer), out.connection);
    if (silently || Falls(fate, {1, 2})) out.kills_below = out.connection + 1;
    DropQueue(out);
    out.phase = Phase::kIdle;
    out.told = false;
    out.half_open = false;
    out.timing = Timing::kNone;
    out.backoff = kBackoffMin;
    ++out.dialling;
    // Its peers are told, if the way is free; else their keepalive finds out.
    Pathway& in = links_[LinkOf(peer, node)];
    if (in.phase != Phase::kUp) continue;
    if (silently || out.cut || out.held) {
      StartTimeout(LinkOf(peer, node));
      continue;
    }
    queue_.Schedule(queue_.now() + noise_.delay.high,
                    {.process = in.connection,
                     .payload = LinkOf(peer, node),
                     .what = Happening::kLinkLost});
  }
}

void SimNetwork::Cut(uint32_t from, uint32_t to) {
  links_[LinkOf(from, to)].cut = true;
  // The keepalives of both directions need it.
  for (const uint32_t link : {LinkOf(from, to), LinkOf(to, from)}) {
    if (links_[link].phase == Phase::kUp) StartTimeout(link);
  }
}

void SimNetwork::Clog(uint32_t from, uint32_t to) {
  links_[LinkOf(from, to)].clogged = true;
}

void SimNetwork::Hold(uint32_t from, uint32_t to) {
  links_[LinkOf(from, to)].held = true;
}

void SimNetwork::HalfOpen(uint32_t from, uint32_t to) {
  const uint32_t link = LinkOf(from, to);
  if (links_[link].phase != Phase::kUp) return;
  links_[link].half_open = true;
  StartTimeout(link);
}

bool SimNetwork::Reset(uint32_t from, uint32_t to) {
  const uint32_t link = LinkOf(from, to);
  const uint64_t fate =
      Fate(options_.seed, Lot::kResetDelivers, link, links_[link].connection);
  const bool is_up = links_[link].phase == Phase::kUp;
  if (is_up) tally_.Count("fault.reset");
  Lose(link, Falls(fate, {1, 2}));
  return is_up;
}

void SimNetwork::Choke(uint32_t from, uint32_t to) {
  tally_.Count("fault.choke");
  links_[LinkOf(from, to)].choked = true;
}

void SimNetwork::Heal(uint32_t from, uint32_t to) {
  Pathway& path = links_[LinkOf(from, to)];
  path.cut = false;
  path.clogged = false;
  Release(from, to);
}

void SimNetwork::Release(uint32_t from, uint32_t to) {
  const uint32_t link = LinkOf(from, to);
  Pathway& path = links_[link];
  path.held = false;
  path.choked = false;
  for (const uint32_t flight : path.held_datagrams) {
    Damage(flight);
    ScheduleDatagram(flight);
  }
  if (!path.held_datagrams.empty()) tally_.Count("mattered.hold");
  path.held_datagrams.clear();
  Flush(link);
}

}  // namespace orrery::sim
