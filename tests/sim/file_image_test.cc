#include "sim/file_image.h"

#include <cstdint>
#include <string>

#include "core/base/prng.h"
#include "gmock/gmock.h"

namespace orrery::sim {
namespace {

std::string Sector(char c) { return std::string(kSectorBytes, c); }

PowerLoss Keeping(uint32_t sectors) {
  return {.seed = 1, .torn = {}, .keep = sectors, .torn_sectors = {}};
}

TEST(FileImageTest, SyncedBytesSurviveAPowerLoss) {  // IMG-1
  FileImage image;
  image.Write(0, Sector('a'));
  image.MarkSynced(image.writes());

  image.LosePower(Keeping(0), 1);

  EXPECT_EQ(image.Contents(), Sector('a'));
  EXPECT_FALSE(image.IsDirty());
}

TEST(FileImageTest, UnsyncedBytesAreLostAndOldOnesComeBack) {
  FileImage image;
  image.Write(0, Sector('a') + Sector('b'));
  image.MarkSynced(image.writes());
  image.Write(kSectorBytes, Sector('c') + Sector('d'));

  image.LosePower(Keeping(0), 1);

  EXPECT_EQ(image.Contents(), Sector('a') + Sector('b'));
}

TEST(FileImageTest, SectorsReachTheDiskOneByOne) {
  FileImage image;
  image.Write(0, Sector('a') + Sector('b') + Sector('c'));
  image.MarkSynced(image.writes());
  image.Write(0, Sector('x') + Sector('y') + Sector('z'));

  image.LosePower(Keeping(2), 1);

  EXPECT_EQ(image.Contents(), Sector('x') + Sector('y') + Sector('c'));
}

TEST(FileImageTest, ATornSectorIsHalfNew) {
  FileImage image;
  image.Write(0, Sector('a'));
  image.MarkSynced(image.writes());
  image.Write(0, Sector('x'));

  image.LosePower({.seed = 1, .torn = {}, .keep = 0, .torn_sectors = 1}, 1);

  EXPECT_EQ(image.Contents(), std::string(kSectorBytes / 2, 'x') +
                                  std::string(kSectorBytes / 2, 'a'));
}

TEST(FileImageTest, SizeWithoutDataReadsZero) {
  FileImage image;
  image.Extend(2 * kSectorBytes);
  image.MarkSynced(image.writes());
  image.Write(0, Sector('a'));

  image.LosePower(Keeping(0), 1);

  EXPECT_EQ(image.Contents(), std::string(2 * kSectorBytes, '\0'));
}

TEST(FileImageTest, ASyncPromisesWhatWasWrittenBeforeItBegan) {  // DSK-2
  FileImage image;
  image.Write(0, Sector('a'));
  const uint64_t begun = image.writes();
  image.Write(kSectorBytes, Sector('b'));
  image.MarkSynced(begun);

  image.LosePower(Keeping(0), 1);

  EXPECT_EQ(image.Contents(), Sector('a'));
}

TEST(FileImageTest, ATruncationMayComeUndone) {
  FileImage image;
  image.Write(0, Sector('a') + Sector('b'));
  image.MarkSynced(image.writes());
  image.Truncate(kSectorBytes);
  EXPECT_EQ(image.size(), kSectorBytes);

  image.LosePower(Keeping(0), 1);

  EXPECT_EQ(image.Contents(), Sector('a') + Sector('b'));
}

TEST(FileImageTest, UntouchedSectorsKeepTheirBytesWhateverTheFate) {  // IMG-2
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    FileImage image;
    image.Write(0, Sector('a') + Sector('b') + Sector('c'));
    image.MarkSynced(image.writes());
    image.Write(kSectorBytes, Sector('x'));

    image.LosePower(
        {.seed = seed, .torn = {1, 2}, .keep = {}, .torn_sectors = {}}, 1);

    ASSERT_EQ(image.size(), 3 * kSectorBytes);
    EXPECT_EQ(image.Contents().substr(0, kSectorBytes), Sector('a'));
    EXPECT_EQ(image.Contents().substr(2 * kSectorBytes), Sector('c'));
  }
}

TEST(FileImageTest, ReadsWhatAStringWouldHold) {
  constexpr int64_t kLongest = 5 * kPageBytes;
  Prng prng(3);
  FileImage image;
  std::string model;
  for (int round = 0; round < 5000; ++round) {
    const auto at = static_cast<uint64_t>(prng.Between(0, kLongest));
    const uint64_t what = prng.Below(4);
    if (what == 0) {
      image.Extend(at);
      if (model.size() < at) model.resize(at, '\0');
    } else if (what == 1) {
      image.Truncate(at);
      model.resize(at, '\0');
    } else {
      const uint64_t length = 1 + prng.Below(2 * kPageBytes);
      const std::string bytes(length, static_cast<char>('a' + round % 26));
      image.Write(at, bytes);
      if (model.size() < at + length) model.resize(at + length, '\0');
      model.replace(at, length, bytes);
    }
    ASSERT_EQ(image.Contents(), model);
    const auto from = static_cast<uint64_t>(prng.Between(0, kLongest));
    const std::string expected =
        from < model.size() ? model.substr(from, kPageBytes) : "";
    ASSERT_EQ(image.Read(from, kPageBytes).text(), expected);
  }

  image.LosePower(Keeping(0), 1);  // Nothing was ever synced.

  EXPECT_EQ(image.Contents(), "");
}

TEST(FileImageTest, GarbageIsNeitherOldNorNew) {
  FileImage image;
  image.Write(0, Sector('a'));
  image.MarkSynced(image.writes());
  image.Write(0, Sector('x'));

  image.LosePower(
      {.seed = 1, .torn = {}, .keep = 0, .torn_sectors = {}, .garbage = {1, 1}},
      1);

  EXPECT_NE(image.Contents(), Sector('a'));
  EXPECT_NE(image.Contents(), Sector('x'));
  EXPECT_EQ(image.size(), kSectorBytes);
}

TEST(FileImageTest, OnlyBytesAtRestArePlanted) {
  FileImage image;
  image.Write(0, Sector('a') + Sector('b'));
  image.MarkSynced(image.writes());
  image.Write(kSectorBytes, Sector('c'));

  EXPECT_TRUE(image.IsAtRest(0, kSectorBytes));
  EXPECT_FALSE(image.IsAtRest(0, kSectorBytes + 1));
  EXPECT_FALSE(image.IsAtRest(2 * kSectorBytes, 1));
  image.Plant(3, "X");
  image.LosePower(Keeping(0), 1);

  EXPECT_EQ(image.Contents(),
            "aaaX" + std::string(kSectorBytes - 4, 'a') + Sector('b'));
}

}  // namespace
}  // namespace orrery::sim
