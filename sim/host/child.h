// sim/host/child.h
//
// Child is a forked process that runs one function.  What the function writes
// to its descriptor reaches the parent; what the process prints to stderr (a
// failed invariant, a sanitizer's report) is read after it died.
//
// A run that may die runs in one, so that a death is a finding and not an end.

#ifndef ORRERY_SIM_HOST_CHILD_H_
#define ORRERY_SIM_HOST_CHILD_H_

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>

namespace orrery::sim {

class Child {
 public:
  // Forks.  The process exits with 0 when the body returns.
  explicit Child(const std::function<void(int out)>& body);
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  // A process that is still there is killed.
  ~Child();

  int fd() const { return pipe_; }
  // Reads what has come.  False: the process has closed its end.
  bool ReadSome();
  // What has come and was not taken yet.
  std::string& unread() { return unread_; }

  // Reads to its end and buries it; what came, even if it died.
  std::string ReadToEnd();

  void Kill();
  struct Death {
    bool clean = false;
    std::string how;  // One line.
  };
  // REQUIRES: ReadSome() returned false, or Kill().
  Death Bury();

 private:
  void Close();

  pid_t process_ = -1;
  int pipe_ = -1;
  int errors_ = -1;  // Its stderr.
  std::string unread_;
};

// Ends the process if the other end is gone.
void WriteAll(int fd, std::string_view bytes);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_CHILD_H_
