// transport/http/router.h
//
// Router knows the paths and their methods.  A request is opened when its head
// is there and finished when its body is: either it has an answer then, or it
// is a ClientRequest for the core.
//
// It knows no sockets and keeps no request.
//
// Threading: the server's thread.

#ifndef ORRERY_TRANSPORT_HTTP_ROUTER_H_
#define ORRERY_TRANSPORT_HTTP_ROUTER_H_

#include "transport/http/answer.h"
#include "transport/http/batch_request.h"
#include "transport/http/intake.h"
#include "transport/http/kv_request.h"
#include "transport/http/node_api.h"
#include "transport/http/request_head.h"
#include "transport/http/target.h"

namespace orrery {

class Router {
 public:
  Router(const KvLimits& limits, NodeApi& node)
      : limits_(limits), node_(node) {}

  // False: `answer` refuses the request, whose body is to be thrown away.
  [[nodiscard]] bool Open(const RequestHead& head, Intake* intake,
                          Answer* answer);

  // True: intake->request, or of a batch intake->operations, goes to the core.
  // False: `answer` is filled.
  [[nodiscard]] bool Finish(const RequestBody& body, Intake* intake,
                            Answer* answer);

 private:
  bool OpenRing(Intake* intake, Answer* answer);
  void FillPage(const Intake& intake, Answer* answer);
  void FillReady(Answer* answer);
  void FillTrace(Answer* answer);

  KvLimits limits_;
  NodeApi& node_;
  Target target_;  // Of the request being opened; kept for its capacity.
};

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_HTTP_ROUTER_H_
