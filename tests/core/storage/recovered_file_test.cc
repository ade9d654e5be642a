#include "core/storage/recovered_file.h"

#include "gtest/gtest.h"

namespace orrery {
namespace {

// Its process wrote the SEAL and died before the manifest knew: that the file
// ends in one is for the next to say, or nobody would miss it when it rots.
TEST(TailJudgeTest, AFileThatEndsInItsSealIsListedWithIt) {
  RecoveredFile file;
  file.listed.id = 7;
  file.listed.salt = 9;
  file.last_end = 5112;
  file.seal = Seal{.summary = {.data_length = 5000}, .file_id = 7, .salt = 9};

  const FileVerdict verdict = TailJudge(LogPlace{}).Judge(file);

  EXPECT_EQ(verdict.length, 5112U);
  EXPECT_EQ(verdict.summary.data_length, 5000U);
  EXPECT_TRUE(verdict.damages.empty());
}

TEST(TailJudgeTest, AFileWithoutOneEndsWithItsData) {
  RecoveredFile file;
  file.listed.id = 7;
  file.last_end = 5000;

  const FileVerdict verdict = TailJudge(LogPlace{}).Judge(file);

  EXPECT_EQ(verdict.length, 5000U);
  EXPECT_EQ(verdict.summary.data_length, 5000U);
}

}  // namespace
}  // namespace orrery
