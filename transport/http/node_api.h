// transport/http/node_api.h
//
// What the admin routes show of the node behind them.  Pages are whole JSON
// texts (CONTRACT section 3), so that http knows nothing of engines.
//
// Threading: called on the server's thread, between engine steps.

#ifndef ORRERY_TRANSPORT_HTTP_NODE_API_H_
#define ORRERY_TRANSPORT_HTTP_NODE_API_H_

#include <string>
#include <string_view>

namespace orrery {

struct NodeAnswer {
  int status = 200;
  std::string text;  // A JSON page; of an error, what is wrong.
};

class NodeApi {
 public:
  virtual ~NodeApi() = default;
  virtual std::string StatusJson() = 0;
  // With a non-empty key, also its preference list.
  virtual std::string RingJson(std::string_view key) = 0;
  virtual std::string StatsJson() = 0;
  virtual std::string HealthJson() = 0;
  virtual std::string MetricsText() = 0;
  // Writes what the flight recorder holds into a file.
  virtual NodeAnswer DumpTrace() = 0;
  // What the node waits for before it can serve; empty: it serves.
  virtual std::string WaitingFor() = 0;
};

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_HTTP_NODE_API_H_
