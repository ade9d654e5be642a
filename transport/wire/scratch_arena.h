// transport/wire/scratch_arena.h
//
// Memory for one Protobuf message at a time, kept from message to message: the
// codec allocates nothing for a small one but its texts.  Emptying an arena
// costs as much as parsing an acknowledgement, so several small messages lie
// behind each other before it is done.
//
// Threading: each thread has its own.  REQUIRES: at most one ScratchArena
// lives per thread.

#ifndef ORRERY_TRANSPORT_WIRE_SCRATCH_ARENA_H_
#define ORRERY_TRANSPORT_WIRE_SCRATCH_ARENA_H_

#include <google/protobuf/arena.h>

#include <array>
#include <cstddef>

namespace orrery {

class ScratchArena {
 public:
  ScratchArena() : arena_(OfThread()) {}
  ~ScratchArena() {
    if (arena_.SpaceUsed() > kUsedBytesMax) arena_.Reset();
  }
  ScratchArena(const ScratchArena&) = delete;
  ScratchArena& operator=(const ScratchArena&) = delete;

  template <typename Message>
  Message* Create() {
    return google::protobuf::Arena::CreateMessage<Message>(&arena_);
  }

 private:
  // A put with a few siblings takes about 1 KiB; larger messages take blocks
  // from the heap and give them back.
  static constexpr size_t kFirstBlockBytes = 16 << 10;
  static constexpr size_t kUsedBytesMax = 12 << 10;

  struct Memory {
    alignas(8) std::array<char, kFirstBlockBytes> block;
    google::protobuf::Arena arena{block.data(), block.size()};
  };

  static google::protobuf::Arena& OfThread() {
    thread_local Memory memory;
    return memory.arena;
  }

  google::protobuf::Arena& arena_;
};

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_WIRE_SCRATCH_ARENA_H_
