#include "node/flight_ring.h"

#include <sys/mman.h>
#include <sys/time.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string>
#include <thread>

#include "gtest/gtest.h"

namespace orrery {
namespace {

using Part = FlightRing::Part;

std::string Text(const FlightRing& ring, Part part) {
  std::string text;
  for (const ByteView piece : ring.Pieces(part)) text += TextOf(piece);
  return text;
}

bool Append(FlightRing& ring, std::string_view text) {
  return ring.Append(ViewOf(text));
}

TEST(FlightRingTest, HoldsNothingAtFirst) {
  const FlightRing ring(16);

  ASSERT_TRUE(ring.IsGood());
  EXPECT_EQ(ring.size(), 0u);
  EXPECT_EQ(Text(ring, Part::kAll), "");
}

TEST(FlightRingTest, MemoryThatIsNotThereIsNoticed) {
  EXPECT_FALSE(FlightRing(size_t{1} << 62).IsGood());
}

// FLR-2, and the wrap around.
TEST(FlightRingTest, WholeSegmentsGoWhenThereIsNoRoom) {
  FlightRing ring(10);
  ring.Begin(0, 100);
  ASSERT_TRUE(Append(ring, "aaa"));
  ring.Begin(3, 200);
  ASSERT_TRUE(Append(ring, "bbb"));
  ASSERT_TRUE(Append(ring, "BBBB"));
  EXPECT_EQ(Text(ring, Part::kAll), "aaabbbBBBB");  // To the last byte.
  EXPECT_EQ(ring.oldest().wall_ns, 100);

  ring.Begin(7, 300);
  ASSERT_TRUE(Append(ring, "cc"));

  EXPECT_EQ(Text(ring, Part::kAll), "bbbBBBBcc");
  EXPECT_EQ(ring.size(), 9u);
  EXPECT_EQ(ring.oldest().events, 3u);
  EXPECT_EQ(ring.oldest().wall_ns, 200);
}

TEST(FlightRingTest, ASegmentThatOutgrowsTheMemoryIsRefused) {
  FlightRing ring(10);
  ring.Begin(0, 0);
  ASSERT_TRUE(Append(ring, "aaa"));
  ring.Begin(1, 0);

  ASSERT_TRUE(Append(ring, "bbbbbb"));
  EXPECT_FALSE(Append(ring, "ccccc"));
  EXPECT_EQ(Text(ring, Part::kAll), "bbbbbb");
  EXPECT_FALSE(Append(ring, "more than ten bytes"));
  EXPECT_TRUE(Append(ring, "dddd"));
}

TEST(FlightRingTest, TheSixtyFifthSegmentTakesThePlaceOfTheFirst) {
  FlightRing ring(1000);
  for (uint64_t i = 0; i < FlightRing::kSegmentsMax; ++i) {
    ring.Begin(i, 0);
    ASSERT_TRUE(Append(ring, std::string(1, static_cast<char>('0' + i))));
  }
  EXPECT_EQ(ring.oldest().events, 0u);
  EXPECT_EQ(ring.size(), 64u);

  ring.Begin(64, 0);
  ASSERT_TRUE(Append(ring, "z"));

  EXPECT_EQ(ring.oldest().events, 1u);
  EXPECT_EQ(ring.size(), 64u);
  EXPECT_EQ(Text(ring, Part::kAll).substr(0, 3), "123");
}

TEST(FlightRingTest, WhatIsNotCommittedIsToldApart) {
  FlightRing ring(8);
  ring.Begin(0, 0);
  ASSERT_TRUE(Append(ring, "aa"));
  ring.Commit();
  ASSERT_TRUE(Append(ring, "b"));
  EXPECT_EQ(Text(ring, Part::kCommitted), "aa");
  EXPECT_EQ(Text(ring, Part::kAll), "aab");

  // All that is committed has to go for what is not.
  ring.Begin(1, 0);
  ASSERT_TRUE(Append(ring, "cccccccc"));

  EXPECT_EQ(Text(ring, Part::kCommitted), "");
  EXPECT_EQ(Text(ring, Part::kAll), "cccccccc");
}

TEST(FlightRingTest, OnceFrozenNothingChangesIt) {
  FlightRing ring(8);
  ring.Begin(0, 0);
  ASSERT_TRUE(Append(ring, "aa"));
  ring.Commit();
  ring.Freeze();
  ASSERT_TRUE(ring.AwaitWriter());

  EXPECT_TRUE(Append(ring, "bbbb"));
  ring.Begin(1, 0);
  EXPECT_TRUE(Append(ring, "cccccc"));
  ring.Commit();
  ring.Release();

  EXPECT_EQ(Text(ring, Part::kAll), "aa");
  EXPECT_EQ(Text(ring, Part::kCommitted), "aa");
}

TEST(FlightRingTest, ReleasedItTakesNothing) {
  FlightRing ring(8);
  ring.Begin(0, 0);
  ASSERT_TRUE(Append(ring, "aa"));
  ring.Commit();

  ring.Release();

  EXPECT_EQ(Text(ring, Part::kAll), "");
  EXPECT_FALSE(Append(ring, "b"));
  ring.Release();  // Twice is once.
}

// FLR-3: a thread that dies while another writes.  A copy takes most of the
// writer's time, and each writes over the oldest.
TEST(FlightRingTest, AnotherThreadFindsWholeCommittedRecordsWhenItFreezes) {
  constexpr size_t kRecordBytes = 1 << 20;
  for (int round = 0; round < 50; ++round) {
    FlightRing ring(4 * kRecordBytes);
    std::atomic<bool> stop = false;
    std::atomic<uint64_t> written = 0;
    std::thread writer([&] {
      std::string record(kRecordBytes, 0);
      for (uint64_t number = 0; !stop; ++number) {
        std::memset(record.data(), static_cast<int>(number), record.size());
        ring.Begin(number, 0);
        EXPECT_TRUE(Append(ring, record));
        ring.Commit();
        written = number + 1;
      }
    });
    while (written < 5) {
    }
    std::this_thread::sleep_for(std::chrono::microseconds(37 * round));

    ring.Freeze();
    ASSERT_TRUE(ring.AwaitWriter());
    const uint64_t first = ring.oldest().events;
    const std::string seen = Text(ring, Part::kCommitted);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const std::string later = Text(ring, Part::kCommitted);
    stop = true;
    writer.join();

    ASSERT_GE(seen.size(), 3 * kRecordBytes);
    ASSERT_EQ(seen.size() % kRecordBytes, 0u);
    for (size_t at = 0; at < seen.size(); ++at) {
      ASSERT_EQ(seen[at], static_cast<char>(first + at / kRecordBytes));
    }
    ASSERT_TRUE(seen == later);
  }
}

// A page that cannot be read until it is told: whoever appends it stands still.
void* page = nullptr;
std::atomic<bool> stands_still = false;
std::atomic<bool> may_go_on = false;

void StandStill(int) {
  stands_still = true;
  while (!may_go_on) {
  }
  mprotect(page, 4096, PROT_READ);
}

// A ring whose writer stands still in the middle of an append.
class StandingWriter {
 public:
  StandingWriter() {
    page = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stands_still = false;
    may_go_on = false;
    std::signal(SIGSEGV, StandStill);
    ring.Begin(0, 0);
    thread_ = std::thread([this] {
      EXPECT_TRUE(
          ring.Append(ByteView(static_cast<const std::byte*>(page), 4096)));
    });
    while (!stands_still) {
    }
  }
  ~StandingWriter() {
    may_go_on = true;
    thread_.join();
    std::signal(SIGSEGV, SIG_DFL);
    munmap(page, 4096);
  }

  FlightRing ring{10'000};

 private:
  std::thread thread_;
};

TEST(FlightRingTest, WhoFreezesWaitsForTheAppendUnderWay) {
  StandingWriter writer;

  writer.ring.Freeze();
  EXPECT_FALSE(writer.ring.AwaitWriter());  // Within a second.
  EXPECT_EQ(writer.ring.size(), 0u);
  may_go_on = true;
  EXPECT_TRUE(writer.ring.AwaitWriter());
  EXPECT_EQ(writer.ring.size(), 4096u);
}

TEST(FlightRingTest, AWriterThatWillNeverGoOnIsNotWaitedFor) {
  StandingWriter writer;

  writer.ring.Freeze();
  writer.ring.AbandonWriting();

  EXPECT_TRUE(writer.ring.AwaitWriter());
  EXPECT_EQ(writer.ring.size(), 0u);
}

FlightRing* interrupted = nullptr;
volatile bool is_broken = false;
volatile int looks = 0;

void LookInHandler(int) {
  looks = looks + 1;
  // Each byte is one more than the one before.
  int last = -1;
  for (const ByteView piece : interrupted->Pieces(Part::kAll)) {
    for (const std::byte byte : piece) {
      const int value = std::to_integer<int>(byte);
      if (last >= 0 && value != (last + 1) % 251) is_broken = true;
      last = value;
    }
  }
}

// FLR-1: timers interrupt the writer wherever it is.
TEST(FlightRingTest, AHandlerThatInterruptsTheWriterFindsWholeAppends) {
  FlightRing ring(4099);
  interrupted = &ring;
  looks = 0;
  std::string bytes;
  for (int i = 0; i < 2 * 251 + 1000; ++i) {
    bytes.push_back(static_cast<char>(i % 251));
  }
  std::signal(SIGALRM, LookInHandler);
  const itimerval every{{0, 100}, {0, 100}};
  setitimer(ITIMER_REAL, &every, nullptr);

  uint64_t at = 0;
  for (uint64_t i = 0; looks < 300; ++i) {
    if (i % 3 == 0) ring.Begin(i, 0);
    const size_t size = 1 + i * 37 % 1000;
    ASSERT_TRUE(ring.Append(ViewOf(bytes).subspan(at % 251, size)));
    at += size;
  }

  setitimer(ITIMER_REAL, nullptr, nullptr);
  std::signal(SIGALRM, SIG_DFL);
  EXPECT_FALSE(is_broken);
}

}  // namespace
}  // namespace orrery
