// node/response_reader.h
//
// ResponseReader finds where each HTTP response with a Content-Length ends.
// It is for the load generator, which must be faster than what it measures;
// anything else that HTTP allows is "broken" to it.

#ifndef ORRERY_NODE_RESPONSE_READER_H_
#define ORRERY_NODE_RESPONSE_READER_H_

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace orrery {

class ResponseReader {
 public:
  std::span<char> Space();
  // The status of a response that is now whole, if one is.  REQUIRES: one
  // request is in flight, so nothing follows its response.
  std::optional<int> OnRead(size_t bytes);
  bool is_broken() const { return is_broken_; }

 private:
  bool ParseHead();

  std::vector<char> buffer_;
  size_t size_ = 0;
  size_t whole_bytes_ = 0;  // Of head and body; 0: the head is not there.
  int status_ = 0;
  bool is_broken_ = false;
};

}  // namespace orrery

#endif  // ORRERY_NODE_RESPONSE_READER_H_
