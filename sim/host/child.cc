#include "sim/host/child.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "sim/host/text.h"

namespace orrery::sim {
namespace {

constexpr size_t kErrorTextMax = 64 << 10;

// The line of a dead process's stderr that says why.
std::string CauseIn(std::string_view text) {
  std::string last;
  for (const std::string_view line : Split(text, "\n")) {
    if (line.empty()) continue;
    if ((line.find("invariant") != std::string_view::npos) ||
        (line.find("ERROR:") != std::string_view::npos) ||
        (line.find("runtime error") != std::string_view::npos)) {
      return std::string(line);
    }
    last = std::string(line);
  }
  return last;
}

[[noreturn]] void Give(const char* what) {
  std::perror(what);
  std::exit(1);
}

}  // namespace

void WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) _exit(1);
    bytes.remove_prefix(static_cast<size_t>(wrote));
  }
}

Child::Child(const std::function<void(int out)>& body) {
  int ends[2];
  errors_ = memfd_create("orrery-sim-child", MFD_CLOEXEC);
  if (errors_ < 0) Give("orrery sim: memfd_create");
  if (pipe(ends) != 0) Give("orrery sim: pipe");
  std::fflush(nullptr);
  process_ = fork();
  if (process_ < 0) Give("orrery sim: fork");
  if (process_ == 0) {
    // Ctrl-C is the parent's to handle.
    signal(SIGINT, SIG_IGN);
    close(ends[0]);
    dup2(errors_, STDERR_FILENO);
    body(ends[1]);
    _exit(0);
  }
  close(ends[1]);
  pipe_ = ends[0];
}

Child::Child(Child&& other) noexcept
    : process_(std::exchange(other.process_, -1)),
      pipe_(std::exchange(other.pipe_, -1)),
      errors_(std::exchange(other.errors_, -1)),
      unread_(std::move(other.unread_)) {}

Child& Child::operator=(Child&& other) noexcept {
  Close();
  process_ = std::exchange(other.process_, -1);
  pipe_ = std::exchange(other.pipe_, -1);
  errors_ = std::exchange(other.errors_, -1);
  unread_ = std::move(other.unread_);
  return *this;
}

Child::~Child() { Close(); }

void Child::Close() {
  if (process_ > 0) {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  if (pipe_ >= 0) close(pipe_);
  if (errors_ >= 0) close(errors_);
  process_ = -1;
  pipe_ = -1;
  errors_ = -1;
}

bool Child::ReadSome() {
  char buffer[65536];
  const ssize_t got = read(pipe_, buffer, sizeof(buffer));
  if (got < 0 && errno == EINTR) return true;
  if (got <= 0) return false;
  unread_.append(buffer, static_cast<size_t>(got));
  return true;
}

std::string Child::ReadToEnd() {
  while (ReadSome()) {
  }
  Bury();
  return std::move(unread_);
}

void Child::Kill() { kill(process_, SIGKILL); }

Child::Death Child::Bury() {
  int status = 0;
  while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
  Death death;
  death.clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (death.clean) return death;
  std::string text(kErrorTextMax, '\0');
  const ssize_t got = pread(errors_, text.data(), text.size(), 0);
  text.resize(got > 0 ? static_cast<size_t>(got) : 0);
  death.how = CauseIn(text);
  if (death.how.empty()) {
    death.how = WIFSIGNALED(status) ? Cat("signal ", WTERMSIG(status))
                                    : Cat("exit code ", WEXITSTATUS(status));
  }
  return death;
}

}  // namespace orrery::sim
