#include "core/storage/manifest.h"

#include <cstring>
#include <string>
#include <vector>

#include "core/base/prng.h"
#include "gtest/gtest.h"

namespace orrery {
namespace {

constexpr uint64_t kManifestSalt = 5;

ManifestState SomeState() {
  ManifestState state;
  state.files[3] = {.id = 3,
                    .kind = DataFileKind::kCompacted,
                    .salt = 33,
                    .base_seq = 9,
                    .sealed = true,
                    .summary = {.data_length = 1, .record_count = 2},
                    .length = 999,
                    .poison_offset = {}};
  state.files[4] = {.id = 4, .summary = {}, .poison_offset = 4096};
  state.next_id = 7;
  state.damages = {{.file = 3, .from = 8, .upto = 16}};
  state.suspect = {SuspectReason::kPoison, {{1, 2}}};
  state.dropped = {{{5, 6}, 70}};
  state.scrubbed_upto = 2;
  return state;
}

class ManifestFileImage {
 public:
  ManifestFileImage() : bytes_(kHeaderBlockBytes) {
    EncodeHeaderBlock({.magic = FileMagic::kManifest, .salt = kManifestSalt},
                      {}, bytes_.data());
  }
  void Add(const Edit& edit) {
    const Bytes bytes = EncodeEdit(
        edit,
        {.salt = kManifestSalt, .offset = bytes_.size(), .number = ++number_});
    bytes_.insert(bytes_.end(), bytes.view().begin(), bytes.view().end());
  }
  ByteBuffer& bytes() { return bytes_; }
  DecodedManifest Decode() const { return DecodeManifest(bytes_); }

 private:
  ByteBuffer bytes_;
  uint64_t number_ = 0;
};

using Verdict = DecodedManifest::Verdict;

TEST(ManifestTest, ABaseCarriesTheWholeState) {
  ManifestFileImage image;
  image.Add(BaseEdit{SomeState()});

  const DecodedManifest decoded = image.Decode();

  EXPECT_EQ(decoded.verdict, Verdict::kValid);
  EXPECT_EQ(decoded.state, SomeState());
}

TEST(ManifestTest, EveryEditIsReadBackAsItWasApplied) {
  const std::vector<Edit> edits = {
      AddEdit{{.id = 8, .salt = 1, .summary = {}, .poison_offset = {}}},
      SealEdit{.file = 8, .length = 500, .summary = {.record_count = 3}},
      SwapEdit{{{.id = 9,
                 .kind = DataFileKind::kCompacted,
                 .sealed = true,
                 .summary = {},
                 .length = 40,
                 .poison_offset = {}}},
               {3}},
      PoisonEdit{.file = 4, .offset = 8192},
      DamageEdit{{.file = 9, .from = 1, .upto = 2}},
      DamageEdit{{.file = 9,
                  .from = 1,
                  .upto = 2,
                  .state = DamageRange::State::kRepaired}},
      SuspectEdit{},
      DropRangeEdit{{{1, 9}, 44}},
      NextIdEdit{100},
      ScrubEdit{9},
      DropEdit{{8}}};
  ManifestFileImage image;
  image.Add(BaseEdit{SomeState()});
  ManifestState expected = SomeState();
  for (const Edit& edit : edits) {
    image.Add(edit);
    Apply(edit, &expected);
  }

  const DecodedManifest decoded = image.Decode();

  EXPECT_EQ(decoded.verdict, Verdict::kValid);
  EXPECT_EQ(decoded.state, expected);
  EXPECT_EQ(decoded.last_edit, edits.size() + 1);
  EXPECT_FALSE(expected.files.contains(3));
  EXPECT_TRUE(expected.files.contains(9));
  EXPECT_EQ(expected.next_id, 100u);
}

// Catalogue B13.
TEST(ManifestTest, AnUnfinishedLastEditNeverHappened) {
  ManifestFileImage image;
  image.Add(BaseEdit{SomeState()});
  const size_t before = image.bytes().size();
  image.Add(DropEdit{{3}});
  // Byte 28 is the last that is not zero.
  for (size_t torn = 0; torn <= 28; ++torn) {
    ManifestFileImage copy = image;
    std::memset(copy.bytes().data() + before + torn, 0, 4096 - torn);

    const DecodedManifest decoded = copy.Decode();

    EXPECT_EQ(decoded.verdict, Verdict::kValid);
    EXPECT_EQ(decoded.state, SomeState());
    EXPECT_EQ(decoded.has_unfinished, torn > 0);
  }
  EXPECT_FALSE(image.Decode().has_unfinished);
}

TEST(ManifestTest, ABadEditWithAValidOneBehindItIsDamage) {
  ManifestFileImage image;
  image.Add(BaseEdit{SomeState()});
  const size_t at = image.bytes().size();
  image.Add(DropEdit{{3}});
  image.Add(DropEdit{{4}});
  image.bytes()[at + 25] ^= std::byte{1};

  EXPECT_EQ(image.Decode().verdict, Verdict::kDamaged);
}

TEST(ManifestTest, EveryFlippedBitOfTheBaseIsDamage) {
  ManifestFileImage image;
  image.Add(BaseEdit{SomeState()});
  for (size_t bit = 4096 * 8; bit < (4096 + 200) * 8; bit += 3) {
    ManifestFileImage copy = image;
    copy.bytes()[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));

    EXPECT_EQ(copy.Decode().verdict, Verdict::kDamaged) << bit;
  }
}

TEST(ManifestTest, ANewerFormatIsSaidToBeOne) {
  ManifestFileImage image;
  image.Add(BaseEdit{SomeState()});
  ByteBuffer block(kHeaderBlockBytes);
  EncodeHeaderBlock({.magic = FileMagic::kManifest, .salt = kManifestSalt}, {},
                    block.data());
  HeaderBlock header;
  EXPECT_EQ(DecodeHeaderBlock(block, FileMagic::kManifest, &header),
            HeaderCheck::kValid);
  EXPECT_EQ(DecodeHeaderBlock(block, FileMagic::kData, &header),
            HeaderCheck::kDamaged);
  block[0] ^= std::byte{1};
  EXPECT_EQ(DecodeHeaderBlock(block, FileMagic::kManifest, &header),
            HeaderCheck::kDamaged);
}

TEST(ManifestTest, ArbitraryBytesAreDecodedWithoutHarm) {
  ManifestFileImage image;
  image.Add(BaseEdit{SomeState()});
  image.Add(DropEdit{{3}});
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Prng prng(seed);
    ManifestFileImage copy = image;
    for (uint64_t n = prng.Below(20); n > 0; --n) {
      copy.bytes()[prng.Below(copy.bytes().size())] =
          static_cast<std::byte>(prng.Next());
    }
    copy.bytes().resize(prng.Below(copy.bytes().size() + 1));

    static_cast<void>(copy.Decode());
  }
}

}  // namespace
}  // namespace orrery
