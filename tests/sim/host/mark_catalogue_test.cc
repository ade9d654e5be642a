#include "sim/host/mark_catalogue.h"

#include <filesystem>
#include <regex>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "tests/sim/scenario_files.h"

namespace orrery::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The literals in the arguments of every call of `Mark(`.
std::set<std::string> MarksIn(const std::string& text) {
  std::set<std::string> names;
  constexpr std::string_view kCall = "Mark(";
  for (size_t at = text.find(kCall); at != std::string::npos;
       at = text.find(kCall, at + 1)) {
    size_t end = at + kCall.size();
    for (int depth = 1; depth > 0 && end < text.size(); ++end) {
      depth += text[end] == '(' ? 1 : text[end] == ')' ? -1 : 0;
    }
    const std::string arguments = text.substr(at, end - at);
    static const std::regex literal("\"([^\"]*)\"");
    for (std::sregex_iterator it(arguments.begin(), arguments.end(), literal);
         it != std::sregex_iterator(); ++it) {
      names.insert((*it)[1]);
    }
  }
  return names;
}

std::set<std::string> FaultsIn(const std::string& text) {
  std::set<std::string> names;
  static const std::regex literal("\"((?:fault|mattered|damage)\\.[a-z_]+)\"");
  for (std::sregex_iterator it(text.begin(), text.end(), literal);
       it != std::sregex_iterator(); ++it) {
    names.insert((*it)[1]);
  }
  return names;
}

std::set<std::string> InTheTree() {
  std::set<std::string> names;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator("core")) {
    if (entry.path().extension() != ".cc" && entry.path().extension() != ".h") {
      continue;
    }
    names.merge(MarksIn(FileText(entry.path().string())));
  }
  for (const auto& entry : std::filesystem::directory_iterator("sim")) {
    if (entry.path().extension() != ".cc") continue;
    names.merge(FaultsIn(FileText(entry.path().string())));
  }
  return names;
}

TEST(MarkCatalogueTest, HasWhatTheCodeHas) {
  std::set<std::string> listed;
  for (const MarkRule& rule : AllMarks()) listed.emplace(rule.name);
  EXPECT_EQ(listed, InTheTree());
  EXPECT_EQ(listed.size(), AllMarks().size()) << "a name stands twice";
  EXPECT_GT(listed.size(), 100u);
}

TEST(MarkCatalogueTest, WhatIsUnmetSaysWhy) {
  for (const MarkRule& rule : AllMarks()) {
    EXPECT_EQ(rule.why.empty(), rule.how_often != MarkClass::kUnmet)
        << rule.name;
  }
}

constexpr MarkRule kRules[] = {{"a.common", MarkClass::kCommon, {}},
                               {"b.rare", MarkClass::kRare, {}},
                               {"c.seldom", MarkClass::kSeldom, {}},
                               {"d.unmet", MarkClass::kUnmet, "not built"}};

TEST(MarkCatalogueTest, ACampaignMustBeLongEnoughToAskFor) {
  EXPECT_THAT(MissingMarks(kRules, {}, 999), IsEmpty());
  EXPECT_THAT(MissingMarks(kRules, {}, 1'000), ElementsAre("a.common"));
  EXPECT_THAT(MissingMarks(kRules, {}, 10'000),
              ElementsAre("a.common", "b.rare"));
}

TEST(MarkCatalogueTest, WhatFiredIsNotMissing) {
  EXPECT_THAT(MissingMarks(kRules,
                           {{"a.common", {.fired = 3, .seeds = 1}},
                            {"b.rare", {.fired = 1, .seeds = 1}}},
                           10'000),
              IsEmpty());
}

}  // namespace
}  // namespace orrery::sim
