// node/seed_resolver.h
//
// SeedResolver turns the configured seeds into addresses, again and again,
// because names may come to life or move.  Names are resolved off the loop.
//
// Threading: the loop's thread; the io_context outlives it.

#ifndef ORRERY_NODE_SEED_RESOLVER_H_
#define ORRERY_NODE_SEED_RESOLVER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/steady_timer.hpp"
#include "core/protocol/event.h"
#include "core/protocol/member.h"

namespace orrery {

class SeedResolver {
 public:
  using Deliver = std::function<void(SeedsEvent)>;

  // `seeds` are "host:port"; `self` is where this node listens.
  SeedResolver(boost::asio::io_context& loop, std::vector<std::string> seeds,
               const Endpoint& self, Deliver deliver);
  ~SeedResolver();

  // Delivers what needs no resolving at once, and everything soon after.
  void Start();

 private:
  void ResolveNext();
  void OnResolved(const boost::system::error_code& error,
                  const boost::asio::ip::tcp::resolver::results_type& results);
  void FinishRound();

  std::vector<std::string> seeds_;
  Endpoint self_;
  Deliver deliver_;
  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::steady_timer timer_;
  size_t next_ = 0;
  bool unresolved_ = false;  // A name of this round has no address.
  bool delivered_ = false;
  SeedsEvent round_;
  SeedsEvent last_;
  std::shared_ptr<SeedResolver*> alive_;  // Expires before late handlers run.
};

}  // namespace orrery

#endif  // ORRERY_NODE_SEED_RESOLVER_H_
