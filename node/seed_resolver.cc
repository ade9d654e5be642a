#include "node/seed_resolver.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "node/config_value.h"
#include "transport/peer/endpoint_address.h"

namespace orrery {
namespace {

// A name that is not there yet is asked for soon; one that is, may move.
constexpr std::chrono::seconds kRetryInterval(1);
constexpr std::chrono::seconds kRefreshInterval(15);

bool IsV4(const Endpoint& endpoint) { return AddressOf(endpoint).is_v4(); }

void AddSeed(const Endpoint& endpoint, std::vector<Endpoint>* seeds) {
  if (std::find(seeds->begin(), seeds->end(), endpoint) == seeds->end()) {
    seeds->push_back(endpoint);
  }
}

}  // namespace

SeedResolver::SeedResolver(boost::asio::io_context& loop,
                           std::vector<std::string> seeds, const Endpoint& self,
                           Deliver deliver)
    : seeds_(std::move(seeds)),
      self_(self),
      deliver_(std::move(deliver)),
      resolver_(loop),
      timer_(loop),
      alive_(std::make_shared<SeedResolver*>(this)) {}

SeedResolver::~SeedResolver() = default;

void SeedResolver::Start() {
  next_ = 0;
  unresolved_ = false;
  round_ = SeedsEvent();
  round_.self_first = seeds_.empty();
  ResolveNext();
}

void SeedResolver::ResolveNext() {
  while (next_ < seeds_.size()) {
    HostPort seed;
    ParseHostPort(seeds_[next_], &seed);  // Checked by the configuration.
    const std::optional<Endpoint> literal = ParseAddress(seed.host, seed.port);
    if (!literal.has_value()) {
      resolver_.async_resolve(
          seed.host, std::to_string(seed.port),
          [this, alive = std::weak_ptr<SeedResolver*>(alive_)](
              const boost::system::error_code& error,
              const boost::asio::ip::tcp::resolver::results_type& results) {
            if (!alive.expired()) OnResolved(error, results);
          });
      return;
    }
    if (next_ == 0) round_.self_first = *literal == self_;
    AddSeed(*literal, &round_.seeds);
    ++next_;
  }
  FinishRound();
}

void SeedResolver::OnResolved(
    const boost::system::error_code& error,
    const boost::asio::ip::tcp::resolver::results_type& results) {
  bool found = false;
  if (!error) {
    for (const auto& result : results) {
      const auto endpoint =
          EndpointOf(result.endpoint().address(), result.endpoint().port());
      // The other family cannot be reached from where this node is bound.
      if (IsV4(endpoint) != IsV4(self_)) continue;
      found = true;
      if (next_ == 0 && endpoint == self_) round_.self_first = true;
      AddSeed(endpoint, &round_.seeds);
    }
  }
  unresolved_ = unresolved_ || !found;
  ++next_;
  ResolveNext();
}

void SeedResolver::FinishRound() {
  // Nothing at all yet is not the same as "no seeds": the engine would found.
  const bool nothing_yet = round_.seeds.empty() && !seeds_.empty();
  const bool changed = !delivered_ || round_.seeds != last_.seeds ||
                       round_.self_first != last_.self_first;
  if (!nothing_yet && changed) {
    delivered_ = true;
    last_ = round_;
    deliver_(round_);
  }
  if (seeds_.empty()) return;
  timer_.expires_after(unresolved_ ? kRetryInterval : kRefreshInterval);
  timer_.async_wait([this, alive = std::weak_ptr<SeedResolver*>(alive_)](
                        const boost::system::error_code& error) {
    if (!error && !alive.expired()) Start();
  });
}

}  // namespace orrery
